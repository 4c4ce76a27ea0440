"""Member-months: what each rule pays for one, alone and in a batch."""

"""Settlement: what a population's year means in money, for each party, with its reasons."""

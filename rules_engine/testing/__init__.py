"""Testing: strategies and laws for authors of methodologies."""

"""Reading number plates: find the main text line, read it, fit it to a country's grammar, abstain in doubt."""

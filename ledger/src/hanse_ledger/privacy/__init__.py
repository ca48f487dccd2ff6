"""Tokens, shares, sealing, validity and answers: what keeps raw records from everybody."""

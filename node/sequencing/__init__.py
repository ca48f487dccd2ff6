"""How statements get their order."""

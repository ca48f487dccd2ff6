"""All customers in one run: how the firm stands with them together."""

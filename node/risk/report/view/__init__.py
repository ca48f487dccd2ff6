"""A report's document put into words: sections of blocks, in the current language."""

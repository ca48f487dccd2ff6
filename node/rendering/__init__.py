"""What commands draw for a person: tables and paragraphs with Rich, in the current language."""

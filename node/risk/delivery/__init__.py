"""Telling the firm's own people and systems what happened: by e-mail and by webhook, each in order."""

"""Signals: one figure each, with what it was computed from, or with why it is not known."""

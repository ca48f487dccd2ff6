"""Founding a consortium step by step, each step a file in a mail folder (docs/founding.md)."""

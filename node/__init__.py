"""The running node: storage, sequencing, roles, receivables, command line."""

"""The command line's groups, one module each; each has an `app`.

`node.cli` imports only the module whose command was asked for, so these import what they need.
"""

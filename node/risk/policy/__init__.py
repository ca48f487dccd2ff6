"""The firm's own risk policy: a TOML file, its versions, and what a change of it would change."""

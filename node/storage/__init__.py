"""A node's own database: schema, migrations and the stores over it."""

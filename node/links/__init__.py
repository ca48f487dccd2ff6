"""Ways to other parties' nodes over HTTP."""

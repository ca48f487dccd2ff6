"""Reviews: when each customer is looked at again, what was looked at, and what was decided."""

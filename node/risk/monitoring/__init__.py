"""Monitoring: who is watched, what happened, and which conditions of the policy that meets."""

"""The register of risks: what may go wrong with each customer, found by rules or entered by people."""

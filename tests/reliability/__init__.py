"""Proof by force: servers are killed, stopped and sabotaged under load, and an independent checker reads the books."""

"""Stacks applied through the public APIs: what is recorded, what is there, what is wanted, and the steps between."""

"""Faults put into the code on purpose: `python -m tests.mutations`."""

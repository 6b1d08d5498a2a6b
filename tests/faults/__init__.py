"""Trials: what a run makes of kills, damage, full disks and clocks: `python -m tests.faults`."""

"""Measurements (`make bench`), side by side in one run: never timed tests."""

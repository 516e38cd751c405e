"""Tests, one folder a room; `factory.py` makes small typed tables."""

"""Foundations that every other package builds on: errors, periods, units, settings and table models."""

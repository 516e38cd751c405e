"""Notebooks to pages: the nbconvert exporter ``kejistats``, PDF and Word, the index.

Nothing is imported here: nbconvert takes a second to load, and an index page needs none of it.
"""

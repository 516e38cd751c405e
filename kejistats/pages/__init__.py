"""From executed notebook to page: the nbconvert exporter ``kejistats``, PDF and Word, the index.

Nothing is imported here: nbconvert takes a second to load, and the index page does not need it.
"""

"""Files as received to sheets of text that keep every cell's place."""

from kejistats.reading.read_file import SUFFIXES, read_grids, read_sheets

__all__ = ["SUFFIXES", "read_grids", "read_sheets"]

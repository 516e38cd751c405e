"""Read received files (xlsx, xls, ods, csv) into text tables that keep every cell address."""

from kejistats.reading.read_file import SUFFIXES, read_grids, read_sheets

__all__ = ["SUFFIXES", "read_grids", "read_sheets"]

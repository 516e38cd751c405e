"""Run the command line with ``python -m kejistats``."""

from kejistats.cli import main

main()

"""`python -m ordercore`: the same as the console script."""

from ordercore.entrypoints.cli import main

main()

"""`python -m tailorbird`."""

from tailorbird.cli import main

main()

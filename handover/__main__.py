"""`python -m handover` is the command `handover`."""

from handover.cli import main

main()

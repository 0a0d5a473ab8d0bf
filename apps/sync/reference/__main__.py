"""`python -m apps.sync.reference`: the receiver without the rest of the project."""

from .command import main

main()

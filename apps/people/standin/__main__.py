"""`python -m apps.people.standin`: the stand-in without the rest of the project."""

from .command import main

main()

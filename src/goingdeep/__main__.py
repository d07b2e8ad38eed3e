"""`python -m goingdeep`: the command `gd`, by a Python of your choice."""

from goingdeep.cli import main

if __name__ == "__main__":
    main()

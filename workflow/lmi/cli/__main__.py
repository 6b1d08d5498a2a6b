"""`python -m lmi.cli` is `lmi`."""

from lmi.cli.app import main

if __name__ == "__main__":
    main()

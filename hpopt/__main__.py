"""`python -m hpopt`."""

from hpopt.cli.main import main

if __name__ == "__main__":
    main()

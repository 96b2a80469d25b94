"""`python -m hpopt`."""

from hpopt.cli.main import program

if __name__ == "__main__":
    program()

"""`python -m seatlog`: the same as the script `seatlog`."""

from seatlog.cli import main

if __name__ == "__main__":
    main()

"""The objects that the clients of a simulation want: few, so that they meet."""

from typing import Final

SEATS: Final = ("A-1", "A-2", "A-3", "B-1", "Booth")
AT_A_TABLE: Final = ("T1", "T1-1", "T1-2", "T2", "T2-1")
"""The same places: an event sells a table or its seats, and its organisers change that."""
TABLES: Final = ("T1", "T2")
AREA: Final = "GA"

"""Labels: how objects of a chart are named, and when two names are the same.

Rules of this file:

1. Labels are compared after NFC normalization, and they have no control characters.
2. An object is unlabeled if any part of its label is.
"""

import unicodedata
from collections.abc import Sequence

from schemas.inventory import Area, Booth, Inventory, Row, Table

LABEL_LENGTH_MAX = 100
"""Of a full label, in characters; what commands may name, so what a chart may have."""
SEPARATOR = "-"
PLACEHOLDER = "?"
"""What the designer writes where a label is still to be given."""
_NOT_GIVEN = frozenset(("", PLACEHOLDER))


def normalize(text: str) -> str:
    """Give the text in NFC.

    Raises ValueError if it has control characters or lone surrogates.
    """
    if text.isascii() and text.isprintable():
        return text
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        message = "has a control character"
        raise ValueError(message)
    return unicodedata.normalize("NFC", text)


def is_labeled(part: str | None) -> bool:
    """Say whether this part of a label has been given."""
    return part is not None and part.strip() not in _NOT_GIVEN


def join(*parts: str) -> str:
    """Give the full label."""
    return SEPARATOR.join(parts)


def join_if_labeled(parts: Sequence[str | None]) -> str | None:
    """Give the full label, or None if a part is missing."""
    given = [part for part in parts if part is not None and is_labeled(part)]
    return join(*given) if len(given) == len(parts) else None


def block_label(inventory: Inventory, block: Row | Table | Booth | Area) -> str:
    """Give the full label of a block: its section's label, if it has one, and its own."""
    if block.section is None:
        return block.label
    return join(inventory.sections[block.section].label, block.label)

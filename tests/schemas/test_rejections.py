"""The codes of refusals are stable for ever: clients and stored logs know them.

Whether the same command can be done later is played through in tests/engine/test_sent_again.py.
"""

from pathlib import Path

import msgspec

from schemas.rejections import BY_CODE, Rejection

GUARANTEES = Path(__file__).parents[2] / "docs" / "guarantees.md"

# In order of precedence. A new code is added where it belongs; none is renamed or taken away.
CODES = [
    "COMMAND_NOT_READABLE",
    "COMMAND_FAILED",
    "COMMAND_TOO_LARGE",
    "SELLING_TOO_LARGE",
    "IDEMPOTENCY_KEY_IN_USE",
    "IDEMPOTENCY_KEY_REUSED",
    "EVENT_NOT_FOUND",
    "EVENT_KEY_TAKEN",
    "NOT_A_SEASON",
    "EVENT_NOT_IN_SEASON",
    "CHART_OF_SEASON",
    "TABLES_OF_SEASON",
    "OVERRIDE_IN_A_GROUP",
    "CHANNEL_NOT_FOUND",
    "CHANNEL_KEY_TAKEN",
    "TOO_MANY_CHANNELS",
    "FOR_SALE_EDITS_USED_UP",
    "HOLD_TOKEN_MISSING",
    "HOLD_TOKEN_EXPIRED",
    "HOLD_DEADLINE_TOO_FAR",
    "OBJECT_NOT_FOUND",
    "QUANTITY_ON_A_SEAT",
    "TAKEN_IN_SEASON",
    "OBJECT_NOT_FOR_SALE",
    "OBJECT_OF_ANOTHER_CHANNEL",
    "CHANNELS_DIFFER",
    "STATUS_NOT_ALLOWED",
    "STATUS_REJECTED",
    "HELD_BY_ANOTHER_TOKEN",
    "OVERRIDE_IN_USE",
    "OBJECT_NOT_FREE",
    "TABLE_TAKEN",
    "TOO_MANY_STATUSES_IN_AREA",
    "NOT_ENOUGH_PLACES",
    "NOT_ENOUGH_TAKEN_PLACES",
    "BEST_AVAILABLE_OBJECTS_NOT_FOUND",
    "BUSY_IN_DOUBT",
]


def test_the_codes_and_their_order_are_the_stored_ones() -> None:
    assert [rejection.code for rejection in Rejection] == CODES


def test_a_code_is_its_name_and_leads_back_to_it() -> None:
    assert [rejection.name for rejection in Rejection] == CODES
    assert [BY_CODE[code] for code in CODES] == list(Rejection)
    assert len(BY_CODE) == len(CODES)


def test_precedence_is_the_order_of_the_file() -> None:
    assert [rejection.precedence for rejection in Rejection] == list(range(len(CODES)))


def test_codes_pass_through_json() -> None:
    codes = [rejection.code for rejection in Rejection]
    assert msgspec.json.decode(msgspec.json.encode(codes)) == codes


def test_consumers_are_told_of_each_code_whether_the_command_can_be_done_later() -> None:
    page = GUARANTEES.read_text(encoding="utf-8")
    section = page.partition("## Refusals, for those who write a consumer\n")[2].partition("\n## ")[
        0
    ]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    told = [
        (code.strip(" `"), retry.strip(), bool(what.strip())) for _, code, retry, what, _ in rows
    ]
    assert told == [(rejection.code, rejection.retry.value, True) for rejection in Rejection]

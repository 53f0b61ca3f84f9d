"""The codes of refusals are stable for ever: clients and stored logs know them."""

import msgspec

from schemas.rejections import BY_CODE, Rejection, Retry

# In order of precedence. A new code is added where it belongs; none is renamed or taken away.
CODES = {
    "COMMAND_NOT_READABLE": Retry.NEVER,
    "COMMAND_FAILED": Retry.NEVER,
    "COMMAND_TOO_LARGE": Retry.NEVER,
    "SELLING_TOO_LARGE": Retry.NEVER,
    "IDEMPOTENCY_KEY_IN_USE": Retry.LATER,
    "IDEMPOTENCY_KEY_REUSED": Retry.NEVER,
    "EVENT_NOT_FOUND": Retry.NEVER,
    "EVENT_KEY_TAKEN": Retry.NEVER,
    "NOT_A_SEASON": Retry.NEVER,
    "EVENT_NOT_IN_SEASON": Retry.NEVER,
    "CHART_OF_SEASON": Retry.NEVER,
    "TABLES_OF_SEASON": Retry.NEVER,
    "OVERRIDE_IN_A_GROUP": Retry.NEVER,
    "CHANNEL_NOT_FOUND": Retry.NEVER,
    "CHANNEL_KEY_TAKEN": Retry.NEVER,
    "TOO_MANY_CHANNELS": Retry.NEVER,
    "FOR_SALE_EDITS_USED_UP": Retry.LATER,
    "HOLD_TOKEN_MISSING": Retry.NEVER,
    "HOLD_TOKEN_EXPIRED": Retry.NEVER,
    "HOLD_DEADLINE_TOO_FAR": Retry.NEVER,
    "OBJECT_NOT_FOUND": Retry.NEVER,
    "QUANTITY_ON_A_SEAT": Retry.NEVER,
    "TAKEN_IN_SEASON": Retry.LATER,
    "OBJECT_NOT_FOR_SALE": Retry.LATER,
    "OBJECT_OF_ANOTHER_CHANNEL": Retry.LATER,
    "CHANNELS_DIFFER": Retry.LATER,
    "STATUS_NOT_ALLOWED": Retry.LATER,
    "STATUS_REJECTED": Retry.LATER,
    "HELD_BY_ANOTHER_TOKEN": Retry.LATER,
    "OVERRIDE_IN_USE": Retry.LATER,
    "OBJECT_NOT_FREE": Retry.LATER,
    "TABLE_TAKEN": Retry.LATER,
    "TOO_MANY_STATUSES_IN_AREA": Retry.LATER,
    "NOT_ENOUGH_PLACES": Retry.LATER,
    "NOT_ENOUGH_TAKEN_PLACES": Retry.LATER,
    "BEST_AVAILABLE_OBJECTS_NOT_FOUND": Retry.LATER,
    "BUSY_IN_DOUBT": Retry.LATER,
}


def test_the_codes_and_their_order_are_the_stored_ones() -> None:
    assert [rejection.code for rejection in Rejection] == list(CODES)
    assert {rejection.code: rejection.retry for rejection in Rejection} == CODES


def test_a_code_is_its_name_and_leads_back_to_it() -> None:
    assert [rejection.name for rejection in Rejection] == list(CODES)
    assert [BY_CODE[code] for code in CODES] == list(Rejection)
    assert len(BY_CODE) == len(CODES)


def test_precedence_is_the_order_of_the_file() -> None:
    assert [rejection.precedence for rejection in Rejection] == list(range(len(CODES)))


def test_codes_pass_through_json() -> None:
    codes = [rejection.code for rejection in Rejection]
    assert msgspec.json.decode(msgspec.json.encode(codes)) == codes

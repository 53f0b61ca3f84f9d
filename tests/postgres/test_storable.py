"""The one character that Postgres cannot store, in the text of records."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.postgres.storable import storable


@given(st.text('\\\0u0f"\n'))
@example("\\u0000")
@example("\\\0")
@example("\0\0\\\\u0000")
def test_only_a_real_nul_is_replaced(text: str) -> None:
    stored = storable(msgspec.json.encode([text, text]))
    assert msgspec.json.decode(stored) == [text.replace("\0", "\ufffd")] * 2

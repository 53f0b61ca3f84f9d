from hypothesis import given
from hypothesis import strategies as st

from adapters.sealing import Seal

SEAL = Seal(b"k" * 32)


@given(st.text(), st.binary())
def test_what_is_sealed_opens_with_the_same_secret_for_the_same_thing(
    secret: str, belongs_to: bytes
) -> None:
    sealed = SEAL.close(secret, belongs_to)
    assert Seal(b"k" * 32).open(sealed, belongs_to) == secret
    assert Seal(b"l" * 32).open(sealed, belongs_to) is None
    assert SEAL.open(sealed, belongs_to + b"x") is None


def test_what_was_tampered_with_does_not_open() -> None:
    sealed = SEAL.close("sk_live_1", b"row")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert SEAL.open(bytes(changed), b"row") is None


def test_nothing_tells_that_two_secrets_are_the_same() -> None:
    first, second = SEAL.close("sk_live_1", b"row"), SEAL.close("sk_live_1", b"row")
    assert first[:12] != second[:12]
    assert first[12:] != second[12:]

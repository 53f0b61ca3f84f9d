import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.hold_tokens import HoldTokens
from tests.workers.house import NOON

TOKENS = HoldTokens(b"k" * 32)


def test_a_token_tells_its_own_workspace_its_making_and_its_deadline() -> None:
    signed = TOKENS.mint("workspace-1", 900_000, NOON)

    assert signed.made_at == NOON
    assert signed.hold.expires_at == NOON + 900_000
    assert TOKENS.read("workspace-1", signed.hold.token) == signed


def test_a_token_is_nothing_in_another_workspace_or_under_another_key() -> None:
    hold = TOKENS.mint("workspace-1", 900_000, NOON).hold

    assert TOKENS.read("workspace-2", hold.token) is None
    assert HoldTokens(b"l" * 32).read("workspace-1", hold.token) is None


def test_a_token_of_another_process_with_the_same_key_is_known() -> None:
    signed = TOKENS.mint("workspace-1", 900_000, NOON)

    assert HoldTokens(b"k" * 32).read("workspace-1", signed.hold.token) == signed


def test_a_token_whose_time_is_over_is_still_ours() -> None:
    """Its deadline may have been moved: the caller asks the directory."""
    signed = TOKENS.mint("workspace-1", 0, NOON)

    assert TOKENS.read("workspace-1", signed.hold.token) == signed


def test_every_changed_character_makes_a_token_nothing() -> None:
    token = TOKENS.mint("workspace-1", 900_000, NOON).hold.token
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. é\n"

    for place, character in enumerate(token):
        for other in alphabet.replace(character, ""):
            changed = token[:place] + other + token[place + 1 :]
            assert TOKENS.read("workspace-1", changed) is None, (place, other)


def test_a_token_has_one_spelling_only() -> None:
    spellings = 0
    for _ in range(200):  # until one with a character that has two spellings was among them
        token = TOKENS.mint("workspace-1", 900_000, NOON).hold.token
        other = token.replace("-", "+").replace("_", "/")
        spellings += other != token
        for changed in (
            token + "=",
            token + "\n",
            " " + token,
            token[:-1],
            *[other] * (other != token),
        ):
            assert TOKENS.read("workspace-1", changed) is None
    assert spellings


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert TOKENS.read("workspace-1", text) is None


@given(st.text(min_size=60, max_size=60))
def test_any_text_of_a_tokens_length_is_read_without_a_fault(text: str) -> None:
    assert TOKENS.read("workspace-1", text) is None


def test_tokens_are_safe_in_a_path_and_do_not_repeat() -> None:
    tokens = {TOKENS.mint("workspace-1", 900_000, NOON).hold.token for _ in range(1_000)}

    assert len(tokens) == 1_000
    assert all(c.isascii() and (c.isalnum() or c in "-_") for t in tokens for c in t)


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        HoldTokens(b"short")

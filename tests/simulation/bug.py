"""What a deliberate bug is: an edit of the product's own source, put in place for a test.

Rules of this file:

1. A bug is what stands there now, and what a mistake would have written. If the text is no longer
   there, the bug says so at once; write it anew then.
2. Nothing of this is in the product: an edited function is put in place for a test, and taken out.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from textwrap import dedent
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True, slots=True)
class Edit:
    """One function with other words in it."""

    holder: Any
    """The class or the module that the function is looked up in."""
    name: str
    words: tuple[tuple[str, str], ...]
    """What stands there, and what is to stand there."""

    def edited(self) -> Callable[..., Any]:
        """Make the function anew."""
        function = getattr(self.holder, self.name)
        source = dedent(inspect.getsource(function))
        for old, new in self.words:
            assert source.count(old) == 1, f"{self.name} does not have {old!r} once"
            source = source.replace(old, new)
        made: dict[str, Any] = {}
        exec(compile(source, f"<{self.name} with a bug>", "exec"), function.__globals__, made)  # noqa: S102
        edited: Callable[..., Any] = made[self.name]
        return edited


@dataclass(frozen=True, slots=True)
class Bug:
    """What is wrong, in words, and how it is put in."""

    name: str
    edits: tuple[Edit, ...]

    @contextmanager
    def put_in(self) -> Iterator[None]:
        """Let the product have this bug for a while."""
        with ExitStack() as put:
            for edit in self.edits:
                put.enter_context(patch.object(edit.holder, edit.name, edit.edited()))
            yield


def bug(name: str, *edits: tuple[Any, str, str, str]) -> Bug:
    """Make a bug of edits: holder, function, what stands there, what is to stand there."""
    words: dict[tuple[Any, str], list[tuple[str, str]]] = {}
    for holder, function, old, new in edits:
        words.setdefault((holder, function), []).append((old, new))
    return Bug(name, tuple(Edit(*where, tuple(all_of)) for where, all_of in words.items()))

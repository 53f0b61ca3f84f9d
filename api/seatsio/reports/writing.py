"""How reports are written: piece by piece, as they are large and nobody else shall wait for them.

Rules of this file:

1. All that a report tells is known before its first byte: what is written then cannot fail.
2. What is an object's own is written once and kept with its chart (`OwnTexts`), whichever event it
   is asked of. The rest is written once for each group, or belongs to the one report.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

import msgspec
from aiohttp import web

from api.call import Call
from api.limits import report_taken_s
from api.seatsio.object_info import common_info, own_info
from api.seatsio.reports.details import Buckets, Found, State, States
from api.seatsio.reports.forms import CSV_HEADER, Form
from api.seatsio.reports.stock import Stock
from engine.charts.inventory import SeatMap

pieces_per_slice = 64
"""Some 40 kB: written in under a millisecond, even if nothing of it was kept."""


class OwnTexts:
    """What is the own of each object of a chart, in one form, as far as it was asked for."""

    def __init__(self, chart: SeatMap, form: Form) -> None:
        self.form = form
        self._chart = chart
        self._texts: list[bytes | None] = [None] * len(chart)

    def __getitem__(self, ordinal: int) -> bytes:
        text = self._texts[ordinal]
        if text is None:
            about = own_info(self._chart, self._chart.at(ordinal))
            text = self._texts[ordinal] = self.form.opening + self.form.own(about) + b","
        return text


class Writer:
    """Writes the objects of one report."""

    def __init__(self, stock: Stock, own: OwnTexts, states: States | None = None) -> None:
        """Make one; without states it writes what a chart says."""
        self._stock = stock
        self._own = own
        self._form = own.form
        self._states = states
        self._commons: dict[int, bytes] = {}
        self._common_and_states: dict[State, bytes] = {}
        self._untouched: dict[int, bytes] = {}

    def object(self, ordinal: int) -> bytes:
        """Write an object."""
        found = None if self._states is None else self._states.touched.get(ordinal)
        if found is not None:
            return self._own[ordinal] + self._of_event(found)
        number = self._stock.number_of(ordinal)
        untouched = self._untouched.get(number)
        if untouched is None:
            untouched = self._untouched[number] = self._untouched_of(number)
        return self._own[ordinal] + untouched

    def _untouched_of(self, number: int) -> bytes:
        if self._states is None:
            return self._common(number) + self._form.closing
        return self._of_event(self._states.untouched[number])

    def _of_event(self, found: Found) -> bytes:
        """Write all but what is the object's own."""
        state, carried = found
        text = self._common_and_states.get(state)
        if text is None:
            text = self._common(state.group) + b"," + self._form.state(state.info)
            self._common_and_states[state] = text
        told = self._form.carried(carried)
        return text + b"," + told + self._form.closing if told else text + self._form.closing

    def _common(self, number: int) -> bytes:
        common = self._commons.get(number)
        if common is None:
            about = common_info(self._stock.event_map, self._stock.groups[number].example)
            common = self._commons[number] = self._form.common(about)
        return common


def as_buckets(buckets: Buckets, writer: Writer) -> Iterator[bytes]:
    """Write a report by bucket."""
    before = b"{"
    for name, ordinals in buckets.items():
        yield before + msgspec.json.encode(name) + b":"
        yield from as_array(ordinals, writer)
        before = b","
    yield b"}" if buckets else b"{}"


def as_array(ordinals: Iterable[int], writer: Writer) -> Iterator[bytes]:
    """Write objects one after the other."""
    before = b"["
    for ordinal in ordinals:
        yield before
        yield writer.object(ordinal)
        before = b","
    yield b"[]" if before == b"[" else b"]"


def as_csv(ordinals: Iterable[int], writer: Writer) -> Iterator[bytes]:
    """Write objects line by line."""
    yield CSV_HEADER
    for ordinal in ordinals:
        yield writer.object(ordinal)


async def in_slices(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Hand pieces on, and let others go first after each slice."""
    while slice_ := b"".join(islice(pieces, pieces_per_slice)):
        yield slice_
        await asyncio.sleep(0)


async def send(call: Call, pieces: Iterator[bytes], form: Form) -> web.StreamResponse:
    """Answer with a report that is written while it is sent.

    The request is under way until the client has all of it, so a workspace has few at once.
    """
    response = web.StreamResponse()
    response.content_type, response.charset = form.content_type, form.charset
    await response.prepare(call.request)
    try:
        async with asyncio.timeout(report_taken_s):
            async for part in in_slices(pieces):
                await response.write(part)
            await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        # Nobody reads it any more, and for a refusal it is too late.
        if call.request.transport is not None:
            call.request.transport.abort()
    return response

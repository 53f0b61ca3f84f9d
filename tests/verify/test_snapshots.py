"""The newest snapshots: true ones are compared, falsified ones are named."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from adapters.memory_log import MemoryLog
from adapters.ports import Reader, Span, TopicPartition
from schemas.outbox import decode_groups_record
from schemas.snapshots import Snapshot, decode, encode
from seatlog.verify import snapshots as verified
from seatlog.verify.directory import Directory
from seatlog.verify.installation import verify_log
from seatlog.verify.journal import Journal
from seatlog.verify.report import MEANINGS, Check, Report
from seatlog.verify.snapshots import directory_differences
from tests.simulation.bug import Edit
from tests.verify.story import COORDINATOR_SNAPSHOTS, SNAPSHOTS, Story, Teller, only
from tests.workers.house import COORDINATOR_OUTBOX, OUTBOX, WORKSPACE, one_partition
from workers import snapshots

Falsify = Callable[[dict[str, Any]], object]


async def tell_with_snapshots() -> tuple[Story, MemoryLog]:
    """Tell the story with owners that keep their state every few records."""
    with (
        patch.object(snapshots, "records_between_min", 3),
        patch.object(snapshots, "state_bytes_per_record", 10_000),
    ):
        teller = Teller()
        return await teller.tell(), teller.house.log


@pytest.fixture(scope="module")
async def told() -> Story:
    """Give the true history with its snapshots; not to be changed."""
    story, _ = await tell_with_snapshots()
    return story


def newest(story: Story, partition: TopicPartition = SNAPSHOTS) -> Snapshot:
    return decode(story.records[partition][-1].value or b"")


def put(story: Story, partition: TopicPartition, value: bytes) -> None:
    """Let the newest snapshot be something else."""
    records = story.records[partition]
    records[-1] = replace(records[-1], value=value)


def retell(story: Story, partition: TopicPartition = SNAPSHOTS, **changes: object) -> None:
    """Falsify what the newest snapshot says besides its state."""
    put(story, partition, encode(msgspec.structs.replace(newest(story, partition), **changes)))


def falsify(story: Story, edit: Falsify, partition: TopicPartition = SNAPSHOTS) -> None:
    """Falsify the state in the newest snapshot."""
    state = msgspec.json.decode(newest(story, partition).state)
    edit(state)
    retell(story, partition, state=msgspec.Raw(msgspec.json.encode(state)))


def of_object(label: str, **changes: object) -> Falsify:
    return lambda state: state["events"][0]["objects"][label].update(changes)


def of_event(**changes: object) -> Falsify:
    return lambda state: state["events"][0].update(changes)


def sell_less(state: dict[str, Any]) -> None:
    state["events"][0]["selling"]["for_sale"] = {"for_sale": True}


def hold_more_places(state: dict[str, Any]) -> None:
    [*_, places] = state["events"][0]["area_holds"][0]
    places["by_type"]["child"] = 4


def keep_an_object_more(state: dict[str, Any]) -> None:
    objects = state["events"][0]["objects"]
    objects["C-7"] = objects["A-1"]


def keep_an_event_more(state: dict[str, Any]) -> None:
    state["events"].append(state["events"][0] | {"id": 999})


def move_a_deadline(state: dict[str, Any]) -> None:
    state["holds"]["deadlines"]["late"] += 1


def not_packed(story: Story, partition: TopicPartition) -> None:
    put(story, partition, b"no snapshot")


def not_text(story: Story, partition: TopicPartition) -> None:
    packed, digest = story.records[partition][-1].value or b"", newest(story, partition).digest
    bare = zlib.decompress(packed).replace(digest.encode(), b"\xff")
    put(story, partition, zlib.compress(bare))


def not_text_within(story: Story, partition: TopicPartition) -> None:
    state = bytes(newest(story, partition).state).replace(WORKSPACE.encode(), b"\xff")
    retell(story, partition, state=msgspec.Raw(state))


def of_another_version(story: Story, partition: TopicPartition) -> None:
    falsify(story, lambda state: state.update(type="Snapshot.v9"), partition)


def test_true_snapshots_are_compared_and_have_no_fault(story: Story) -> None:
    report = story.check()
    assert report.faults == []
    assert report.counts.snapshots == 2
    lines = report.lines()
    assert f"ok     {MEANINGS[Check.SNAPSHOTS]}" in lines
    assert f"{'snapshots':21} 2 compared" in lines


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (of_object("A-1", status="painted"), "object A-1 is ObjectState(status='painted'"),
        (of_object("A-1", hold_token="x"), "hold_token='x'"),
        (of_object("A-1", order_id="x"), "order_id='x'"),
        (of_object("A-1", ticket_type="x"), "ticket_type='x'"),
        (of_object("A-2", extra_data=None), "event 256: object A-2 is"),
        (of_object("A-1", resale_listing_id="x"), "resale_listing_id='x'"),
        (of_object("GA1", area={"taken": {"booked": 9}}), "event 256: object GA1 is"),
        (lambda state: state["events"][0]["objects"].pop("A-1"), "object A-1 is None in"),
        (keep_an_object_more, "and the outbox says None"),
        (hold_more_places, "places held ('GA1', 'late') is {'NO_TICKET_TYPE': 2, 'child': 4}"),
        (of_event(area_holds=[]), "places held ('GA1', 'late') is None in the snapshot"),
        (of_event(overridden=[["A-1", 7, 1]]), "places overridden ('A-1', 7) is 1 in"),
        (of_event(workspace="x"), "event 256 is About(workspace='x'"),
        (of_event(key="x"), "key='x'"),
        (of_event(inventory="x"), "inventory='x'"),
        (of_event(is_in_the_past=True), "is_in_the_past=True"),
        (of_event(last_seq=1), "last_seq=1"),
        (sell_less, "for_sale=ForSale("),
        (lambda state: state["seasons"]["seasons_of"].update({"256": [7]}), "seasons=[7]"),
        (lambda state: state["events"].pop(0), "event 256 is None in the snapshot"),
        (keep_an_event_more, "event 999 is About("),
        (move_a_deadline, "end of hold token late is"),
        (lambda state: state["holds"]["deadlines"].clear(), "end of hold token late is None in"),
    ],
)
def test_a_state_that_is_not_the_fold_is_named(story: Story, edit: Falsify, says: str) -> None:
    falsify(story, edit)
    fault = only(story, Check.SNAPSHOTS)
    assert fault.startswith(f"snapshots: {OUTBOX} at {newest(story).offset}: ")
    assert says in fault


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda entries: entries.pop(0), "is None in the snapshot, and the outbox says Known("),
        (lambda entries: entries.append([999, 0, "w", "k"]), "event 999 is Known("),
        (lambda entries: entries[0].__setitem__(1, 7), "partition=7"),
        (lambda entries: entries[0].__setitem__(2, "x"), "workspace='x'"),
        (lambda entries: entries[0].__setitem__(3, "x"), "key='x'"),
    ],
)
def test_a_directory_that_is_not_as_told_is_named(
    story: Story, edit: Callable[[list[Any]], object], says: str
) -> None:
    falsify(story, lambda state: edit(state["directory"]["entries"]), COORDINATOR_SNAPSHOTS)
    fault = only(story, Check.SNAPSHOTS)
    assert fault.startswith(f"snapshots: {COORDINATOR_OUTBOX} at ")
    assert says in fault


def test_a_coordinator_is_not_asked_for_the_events_of_another(story: Story) -> None:
    journal = Journal(COORDINATOR_OUTBOX, decode_groups_record, Report())
    read = map(journal.read, story.records[COORDINATOR_OUTBOX])
    entry = next(entry for entry in read if entry is not None)
    [created] = entry.data.facts
    other = msgspec.structs.replace(created, event=257, key="other")
    data = msgspec.structs.replace(entry.data, facts=[other])
    directory = Directory(1, Report())
    directory.take_in("groups.outbox/0", 1, entry)
    directory.take_in("groups.outbox/1", 1, entry._replace(data=data))
    kept = {"type": "GroupsSnapshot.v1", "directory": {"entries": [[257, 0, WORKSPACE, "other"]]}}
    state = msgspec.json.encode(kept)
    assert [*directory_differences(state, directory, "groups.outbox/1")] == []
    assert len([*directory_differences(state, directory, "groups.outbox/0")]) == 2


@pytest.mark.parametrize("partition", [SNAPSHOTS, COORDINATOR_SNAPSHOTS])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"digest": "0" * 16}, "with digest 0000000000000000, and the record of"),
        ({"term": 1}, "the snapshot is of term 1 with"),
        ({"offset": 0}, "stands for offset 0, where no record counts"),
        ({"offset": 10_000}, "stands for offset 10000, where no record counts"),
    ],
)
def test_a_snapshot_that_stands_for_another_record_is_named(
    story: Story, partition: TopicPartition, changes: dict[str, Any], says: str
) -> None:
    retell(story, partition, **changes)
    assert says in only(story, Check.SNAPSHOTS)


def test_only_the_newest_snapshot_counts(story: Story) -> None:
    true = newest(story)
    falsify(story, lambda state: state["events"].clear())
    records = story.records[SNAPSHOTS]
    unreadable = replace(records[-1], value=b"no snapshot")
    records += [unreadable, replace(records[-1], value=encode(true))]
    report = story.check()
    assert report.faults == []
    assert report.counts.snapshots == 2
    assert Check.SNAPSHOTS not in report.skipped


@pytest.mark.parametrize("partition", [SNAPSHOTS, COORDINATOR_SNAPSHOTS])
@pytest.mark.parametrize("spoil", [not_packed, not_text, not_text_within, of_another_version])
def test_a_snapshot_that_cannot_be_read_is_no_fault_and_said(
    story: Story, partition: TopicPartition, spoil: Callable[[Story, TopicPartition], None]
) -> None:
    spoil(story, partition)
    report = story.check()
    assert report.faults == []
    assert report.counts.snapshots == 1
    outbox = OUTBOX if partition == SNAPSHOTS else COORDINATOR_OUTBOX
    assert f"that of {outbox} cannot be read: " in report.skipped[Check.SNAPSHOTS]


def test_what_another_version_keeps_besides_is_not_looked_at(story: Story) -> None:
    falsify(story, lambda state: state.update(more=1))
    falsify(story, of_event(more=1))
    assert story.check().counts.snapshots == 2


def test_what_the_check_finds_goes_unnoticed_without_it(story: Story) -> None:
    falsify(story, of_object("A-1", order_id="x"))
    only(story, Check.SNAPSHOTS)
    off = Edit(verified, "_differences", (("found.get(key) != expected.get(key)", "False"),))
    with patch.object(off.holder, off.name, off.edited()):
        assert story.check().faults == []


async def test_of_an_installation_the_last_snapshots_are_read_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, log = await tell_with_snapshots()
    begins: dict[TopicPartition, int] = {}
    read_from = log.read_from

    async def watched(positions: Mapping[TopicPartition, int]) -> Reader:
        begins.update(positions)
        return await read_from(positions)

    monkeypatch.setattr(log, "read_from", watched)
    report = await verify_log(one_partition(), log)
    assert report.faults == []
    assert report.counts.snapshots == 2
    assert begins[SNAPSHOTS] == len(log.records(SNAPSHOTS)) - 1 > 0


async def test_a_snapshot_that_comes_while_the_ends_are_measured_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, log = await tell_with_snapshots()
    kept, told = log.records(SNAPSHOTS), log.records(OUTBOX)
    last_kept, until = kept.pop(), len(told) - 1
    assert decode(last_kept.value or b"").offset == until
    last_told = told.pop()
    span = log.span

    async def measured(partition: TopicPartition) -> Span:
        found = await span(partition)
        if partition == OUTBOX and len(told) == until:
            told.append(last_told)
            kept.append(last_kept)
        return found

    monkeypatch.setattr(log, "span", measured)
    report = await verify_log(one_partition(), log, allow_pending=True)
    assert len(told) > until
    assert report.faults == []
    assert Check.SNAPSHOTS not in report.skipped

"""The coordinator's channels: what an edit comes to."""

import msgspec
import pytest

from engine.groups.channels import channels_per_event_max, edit_channels
from engine.groups.selling import selling_bytes_max
from schemas.commands import CreateEvents, NewEvent
from schemas.facts import EventUpdated
from schemas.rejections import Rejected, Rejection
from schemas.selling import Channel, Selling
from schemas.selling_edits import (
    AddChannels,
    AddToChannel,
    ChannelsEdit,
    RemoveChannel,
    ReplaceChannels,
    TakeFromChannel,
    UpdateChannel,
)
from tests.engine.factories import NOON, SECOND, WORKSPACE, channel, create
from tests.engine.factories import edit_channels as asked
from tests.engine.scenario import GroupsScenario

A = channel("a", "A-1", "A-2", GA=5)
B = channel("b", "B-1")
BEFORE = [A, B]


def with_(one: Channel, **fields: object) -> Channel:
    return msgspec.structs.replace(one, **fields)


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        pytest.param(
            AddChannels(channels=[channel("c", "C-1"), channel("d", "D-1")]),
            [A, B, channel("c", "C-1"), channel("d", "D-1")],
            id="several are added at once",
        ),
        pytest.param(
            AddChannels(channels=[channel("c", "A-2", "B-1", GA=3)]),
            [with_(A, objects=["A-1"]), with_(B, objects=[]), channel("c", "A-2", "B-1", GA=3)],
            id="a new channel takes its objects from the others, and no places",
        ),
        pytest.param(
            AddChannels(channels=[channel("c", "C-1"), channel("d", "C-1", "C-1")]),
            [A, B, channel("c"), channel("d", "C-1")],
            id="of two new ones the later has the object, once",
        ),
        pytest.param(
            AddChannels(channels=[channel("c", GA=0)]),
            [A, B, channel("c")],
            id="no places are not said",
        ),
        pytest.param(
            UpdateChannel(key="a", name="New"), [with_(A, name="New"), B], id="only the name"
        ),
        pytest.param(
            UpdateChannel(key="b", color="#1", objects=["A-2"], area_places={"GA": 1}),
            [
                with_(A, objects=["A-1"]),
                with_(B, color="#1", objects=["A-2"], area_places={"GA": 1}),
            ],
            id="what is said replaces what was, and objects are moved",
        ),
        pytest.param(
            UpdateChannel(key="a", objects=[], area_places={}),
            [with_(A, objects=[], area_places={}), B],
            id="a channel is emptied",
        ),
        pytest.param(RemoveChannel(key="a"), [B], id="one is removed"),
        pytest.param(
            AddToChannel(key="b", objects=["A-1", "B-1", "B-2"], area_places={"GA": 2}),
            [
                with_(A, objects=["A-2"]),
                with_(B, objects=["B-1", "A-1", "B-2"], area_places={"GA": 2}),
            ],
            id="objects are moved, places are counted in each for itself",
        ),
        pytest.param(
            AddToChannel(key="a", area_places={"GA": 2, "GA2": 1}),
            [with_(A, area_places={"GA": 7, "GA2": 1}), B],
            id="places are added",
        ),
        pytest.param(
            TakeFromChannel(key="a", objects=["A-1", "B-1"], area_places={"GA": 2}),
            [with_(A, objects=["A-2"], area_places={"GA": 3}), B],
            id="places are taken away, and only from this channel",
        ),
        pytest.param(
            TakeFromChannel(key="a", area_places={"GA": 5}),
            [with_(A, area_places={}), B],
            id="an entry disappears at 0",
        ),
        pytest.param(
            TakeFromChannel(key="a", area_places={"GA": 9, "GA2": 1}),
            [with_(A, area_places={}), B],
            id="never less than none",
        ),
        pytest.param(
            ReplaceChannels(channels=[channel("c", "C-1"), with_(B, id="other", objects=["A-1"])]),
            [channel("c", "C-1"), with_(B, objects=["A-1"])],
            id="a channel with a former key keeps the former id",
        ),
        pytest.param(ReplaceChannels(channels=[]), [], id="all are removed"),
    ],
)
def test_an_edit_comes_to(edit: ChannelsEdit, after: list[Channel]) -> None:
    assert edit_channels(BEFORE, edit) == after


@pytest.mark.parametrize(
    ("edit", "why", "detail"),
    [
        (RemoveChannel(key="x"), Rejection.CHANNEL_NOT_FOUND, "x"),
        (UpdateChannel(key="x", name="X"), Rejection.CHANNEL_NOT_FOUND, "x"),
        (AddToChannel(key="x"), Rejection.CHANNEL_NOT_FOUND, "x"),
        (TakeFromChannel(key="x"), Rejection.CHANNEL_NOT_FOUND, "x"),
        (AddChannels(channels=[channel("c"), B]), Rejection.CHANNEL_KEY_TAKEN, "b"),
        (AddChannels(channels=[channel("c"), channel("c")]), Rejection.CHANNEL_KEY_TAKEN, "c"),
        (ReplaceChannels(channels=[A, A]), Rejection.CHANNEL_KEY_TAKEN, "a"),
        (
            AddChannels(channels=[channel(str(n)) for n in range(channels_per_event_max - 1)]),
            Rejection.TOO_MANY_CHANNELS,
            f"{channels_per_event_max + 1}, at most {channels_per_event_max}",
        ),
    ],
)
def test_an_edit_that_cannot_be_is_refused(edit: ChannelsEdit, why: Rejection, detail: str) -> None:
    assert edit_channels(BEFORE, edit) == Rejected(code=why.code, detail=detail)


def test_as_many_channels_as_may_be() -> None:
    many = [channel(str(n)) for n in range(channels_per_event_max)]
    assert edit_channels([], AddChannels(channels=many)) == many


def test_the_coordinator_tells_the_whole_of_how_the_event_is_sold() -> None:
    selling = Selling(object_categories={"A-1": "vip"}, channels=[A])
    new = NewEvent(key="gala", chart_key="hall", inventory="1234", selling=selling)
    scenario = GroupsScenario().given(CreateEvents(workspace=WORKSPACE, events=[new]))
    created = scenario.last.facts[0]
    scenario.after(SECOND).given(asked("gala", AddChannels(channels=[B])))
    assert scenario.last.facts == [
        EventUpdated(
            event=created.event,
            partition=created.partition,
            workspace=WORKSPACE,
            key="gala",
            previous_key="gala",
            selling=msgspec.structs.replace(selling, channels=[A, B]),
            updated_at=NOON + SECOND,
        )
    ]
    scenario.given(asked("gala", RemoveChannel(key="a")))
    entry = scenario.state.directory.find(WORKSPACE, "gala")
    assert entry is not None
    assert entry.selling == msgspec.structs.replace(selling, channels=[B])


def test_the_channels_of_an_event_that_is_not_there_are_not_edited() -> None:
    scenario = GroupsScenario().given(create("gala"))
    scenario.when(asked("no", ReplaceChannels(channels=[]))).then_rejected(
        Rejection.EVENT_NOT_FOUND
    )
    scenario.when(asked("gala", RemoveChannel(key="a"))).then_rejected(Rejection.CHANNEL_NOT_FOUND)
    assert scenario.refusal.detail == "a"


def test_more_than_a_record_can_tell_is_refused() -> None:
    label = "x" * 97
    most = selling_bytes_max // (len(label) + 3)
    scenario = GroupsScenario().given(create("gala"))
    too_many = channel("a", *(f"{label}{n}" for n in range(most)))
    scenario.when(asked("gala", AddChannels(channels=[too_many])))
    scenario.then_rejected(Rejection.SELLING_TOO_LARGE)
    half = channel("a", *(f"{label}{n}" for n in range(most // 2)))
    scenario.given(asked("gala", AddChannels(channels=[half])))
    more = asked("gala", AddToChannel(key="a", objects=[f"{label}{n}" for n in range(most)]))
    scenario.when(more).then_rejected(Rejection.SELLING_TOO_LARGE)
    new = NewEvent(
        key="x", chart_key="hall", inventory="1234", selling=Selling(channels=[too_many])
    )
    scenario.when(CreateEvents(workspace=WORKSPACE, events=[new]))
    scenario.then_rejected(Rejection.SELLING_TOO_LARGE)

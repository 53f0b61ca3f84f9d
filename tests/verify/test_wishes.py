"""Best available: what was chosen is what was wished for; who found nothing could find nothing."""

from typing import Any

import msgspec
import pytest

from schemas.commands import ChangeBestAvailable, Origin, Wish
from schemas.facts import BOOKED, BestAvailableChosen, StatusChanged
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection
from seatlog.verify.client_log import Request
from seatlog.verify.clients import Clients
from seatlog.verify.report import Check
from tests.verify.story import Story, Teller, among
from tests.workers.house import OUTBOX, WORKSPACE

NOT_FOUND = Rejected(code=Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND.code)


def best(event: int, number: int, **more: Any) -> ChangeBestAvailable:  # noqa: ANN401
    wish = Wish(number=number, **more.pop("wish", {}))
    return ChangeBestAvailable(
        workspace=WORKSPACE, event=event, status=BOOKED, wish=wish, origin=Origin(), **more
    )


async def _tell() -> Story:
    teller = Teller()
    await teller.open()
    event = teller.event
    await teller.ask(
        best(event, 2, ticket_types=["adult", "child"], extra_data=[{"a": 1}]),
        best(event, 3, wish={"categories": ("Cat2",)}),
        best(event, 40, ticket_types=["adult"]),  # there are 31 ordinary seats: an area
        best(event, 200),
        best(event, 9, wish={"categories": ("nothing",)}),
        best(event, 1),
    )
    return await teller.end()


@pytest.fixture(scope="module")
async def told_of_wishes() -> Story:
    return await _tell()


@pytest.fixture
def wishes(told_of_wishes: Story) -> Story:
    return told_of_wishes.again()


def answer_to(story: Story, number: int) -> int:
    """Give the offset of the answer to the first, second, ... wish."""
    return story.answers()[number]


def falsify(story: Story, number: int, *facts: Any) -> None:  # noqa: ANN401
    """Let the answer to a wish have other facts."""

    def edit(data: Any) -> Any:  # noqa: ANN401
        return msgspec.structs.replace(data, facts=list(facts))

    story.edit(answer_to(story, number), edit)


def facts_of(story: Story, number: int) -> list[Any]:
    facts: list[Any] = story.data(answer_to(story, number)).facts
    return facts


def test_true_wishes_are_found_true(wishes: Story) -> None:
    assert wishes.found() == set()
    answers = [story_answer(wishes, number) for number in range(6)]
    accepted = [isinstance(answer, Accepted) for answer in answers]
    assert accepted == [True, True, True, False, False, True]


def story_answer(story: Story, number: int) -> object:
    answer: object = story.data(answer_to(story, number)).answer
    return answer


def test_a_choice_of_another_number_is_named(wishes: Story) -> None:
    first, _, told = facts_of(wishes, 0)
    falsify(wishes, 0, first, told)
    assert "was asked for 2 and chose 1" in among(wishes, Check.ANSWERS)


def test_a_choice_of_the_same_seat_twice_is_named(wishes: Story) -> None:
    first, second, told = facts_of(wishes, 0)
    falsify(wishes, 0, first, msgspec.structs.replace(second, label=first.label), told)
    assert "not as many objects, nor one area" in among(wishes, Check.ANSWERS)


def test_a_choice_of_what_was_taken_is_named(wishes: Story) -> None:
    taken = facts_of(wishes, 0)[0].label
    offset = answer_to(wishes, 5)
    wishes.edit_fact(offset, OUTBOX, label=taken, previous_status=BOOKED)
    assert f"chose {taken}, which was booked" in among(wishes, Check.ANSWERS)


@pytest.mark.parametrize(
    "change", [{"ticket_type": "pensioner"}, {"extra_data": None}, {"ticket_type": None}]
)
def test_what_goes_to_another_object_than_was_asked_is_named(
    wishes: Story, change: dict[str, Any]
) -> None:
    wishes.edit_fact(answer_to(wishes, 0), OUTBOX, **change)
    assert "to object 0, and was asked for" in among(wishes, Check.ANSWERS)


def test_a_choice_that_does_not_say_so_is_named(wishes: Story) -> None:
    falsify(wishes, 0, *facts_of(wishes, 0)[:2])
    assert "was asked for the best of event" in among(wishes, Check.ANSWERS)


def test_another_status_than_was_asked_is_named(wishes: Story) -> None:
    wishes.edit_fact(answer_to(wishes, 5), OUTBOX, status="lolzor")
    assert "was asked for (256, 'booked'" in among(wishes, Check.ANSWERS)


@pytest.mark.parametrize(("number", "left"), [(5, 26), (1, 16)])
def test_who_was_told_of_nothing_where_seats_are_free_is_named(
    wishes: Story, number: int, left: int
) -> None:
    def refuse(data: Any) -> Any:  # noqa: ANN401
        return msgspec.structs.replace(data, answer=NOT_FOUND, facts=[])

    wishes.edit(answer_to(wishes, number), refuse)
    assert f"and {left} seats are free or may come free" in among(wishes, Check.ANSWERS)


def test_a_client_need_not_know_what_was_chosen_for_it(wishes: Story) -> None:
    def request(outcome: Any, *labels: str, number: int) -> Request:  # noqa: ANN401
        return Request(
            at_ms=number,
            done_ms=number,
            event="drop",
            status=BOOKED,
            labels=list(labels),
            outcome=outcome,
        )

    chosen = [
        [fact.label for fact in facts_of(wishes, number) if isinstance(fact, StatusChanged)]
        for number in (0, 1, 2, 5)
    ]
    known = [request("ok", *labels, number=place) for place, labels in enumerate(chosen)]
    assert not wishes.check(clients=Clients(known)).faults
    one_is_unknown = [*known[:-1], request("unknown", number=9)]
    assert not wishes.check(clients=Clients(one_is_unknown)).faults
    [fault] = wishes.check(clients=Clients(known[:-1])).faults
    assert "no client has bought it" in str(fault)
    assert isinstance(facts_of(wishes, 0)[-1], BestAvailableChosen)

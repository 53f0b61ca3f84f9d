"""Whose turn it is to replay, among the partitions of one process."""

import asyncio

from workers.turns import Turns


async def replay(turns: Turns, name: str, rank: int, told: list[str], *, steps: int = 2) -> None:
    for _ in range(steps):
        async with turns.turn((rank,)):
            told.append(name)


async def test_one_replay_is_done_before_the_next_goes_on_and_the_lowest_rank_is_the_first() -> (
    None
):
    turns, told = Turns(), list[str]()
    await asyncio.gather(
        replay(turns, "long", 3, told),
        replay(turns, "short", 2, told),
        replay(turns, "it", 1, told),
    )
    assert told == ["it", "it", "short", "short", "long", "long"]


async def test_a_lower_rank_that_comes_later_goes_before_what_is_left() -> None:
    turns, told = Turns(), list[str]()
    begun = asyncio.Event()

    async def first() -> None:
        await replay(turns, "first", 2, told, steps=1)
        begun.set()
        await replay(turns, "first", 2, told, steps=8)

    async def urgent() -> None:
        await begun.wait()
        await replay(turns, "urgent", 1, told)

    await asyncio.gather(first(), urgent())
    assert told[1:4].count("urgent") == 2
    assert told.count("first") == 9


async def test_everybody_else_in_the_process_goes_on_between_two_turns() -> None:
    turns, told = Turns(), list[str]()

    async def serve() -> None:
        while told.count("replay") < 5:
            told.append("served")
            await asyncio.sleep(0)

    await asyncio.gather(replay(turns, "replay", 1, told, steps=5), serve())
    assert "replay replay" not in " ".join(told)


async def test_who_waits_for_something_else_in_its_turn_keeps_it() -> None:
    turns, told = Turns(), list[str]()

    async def wait() -> None:
        async with turns.turn((2,)):
            told.append("begins")
            await asyncio.sleep(0.01)
            told.append("ends")

    await asyncio.gather(wait(), replay(turns, "other", 1, told, steps=1), wait())
    assert told == ["other", "begins", "ends", "begins", "ends"]


async def test_who_is_cancelled_while_waiting_or_just_called_keeps_nobody_waiting() -> None:
    turns, told = Turns(), list[str]()
    holds = asyncio.Event()

    async def hold() -> None:
        async with turns.turn((0,)):
            await holds.wait()

    holding = asyncio.create_task(hold())
    waiting = [asyncio.create_task(replay(turns, "gone", rank, told)) for rank in (1, 2)]
    await asyncio.sleep(0.01)
    waiting[1].cancel()
    holds.set()
    await holding  # the one that waits is called by now, and has not run yet
    waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(5):
        await replay(turns, "next", 3, told)
    assert told == ["next", "next"]

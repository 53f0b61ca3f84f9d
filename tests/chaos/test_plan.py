from itertools import pairwise

import pytest

from tests.chaos.plan import Kind, draw, gap_s, kill_every_s


def test_the_same_seed_gives_the_same_faults_and_another_seed_gives_others() -> None:
    assert draw(7, 300.0) == draw(7, 300.0) != draw(8, 300.0)


@pytest.mark.parametrize("seed", range(20))
def test_workers_are_killed_every_5_to_15_s_over_the_whole_run(seed: int) -> None:
    kills = [fault.at_s for fault in draw(seed, 200.0) if fault.kind is Kind.KILL]
    assert all(
        kill_every_s[0] <= later - earlier <= kill_every_s[1] for earlier, later in pairwise(kills)
    )
    assert kills[-1] > 200.0 - kill_every_s[1]


@pytest.mark.parametrize("seed", range(20))
def test_lasting_faults_come_one_after_the_other_and_each_kind_before_any_again(seed: int) -> None:
    others = [fault for fault in draw(seed, 300.0) if fault.kind is not Kind.KILL]
    assert all(
        later.at_s >= earlier.at_s + earlier.lasts_s + gap_s[0]
        for earlier, later in pairwise(others)
    )
    assert others[0].kind is Kind.BROKER
    assert {fault.kind for fault in others[:4]} == set(Kind) - {Kind.KILL}

"""What all actors of a simulation share."""

from dataclasses import dataclass

from schemas.topics import Topics
from tests.simulation.broker import Broker
from tests.simulation.dice import Dice
from tests.simulation.loop import VirtualLoop
from tests.simulation.trace import Trace


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance, the log and what is told of all."""

    loop: VirtualLoop
    dice: Dice
    trace: Trace
    broker: Broker
    topics: Topics

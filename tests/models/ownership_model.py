"""The moves of the ownership model: owners take one outbox partition from one another.

Two processes and three commands, two of them for the same seat. `moves` yields every step that can
come next: a process takes the partition, appends, hears an answer or crashes, a request arrives
late, twice or never, the broker forgets a producer.

Rules of this file:

1. Nothing here draws a number or keeps anything between two calls: a state says it all.
2. A lost request is one that is never delivered and a lost answer is a deadline that passes, so
   neither needs a move of its own.
3. What is left out is safe to leave out, and the place where it is missing says why.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.models.explorer import Move
from tests.models.ownership_world import (
    ALL_READ,
    IDLE,
    INPUTS,
    NO_ANSWER,
    REFUSED,
    SEAT_WANTED,
    AfterLostAck,
    Bounds,
    Broker,
    Decided,
    Finding,
    Log,
    Phase,
    Process,
    Producer,
    Protocol,
    Request,
    State,
    Taken,
    name,
    spell,
    void,
)


@dataclass(frozen=True, slots=True)
class Model:
    """The moves that a broker, a protocol and the bounds allow."""

    broker: Broker
    protocol: Protocol
    bounds: Bounds

    def start(self) -> State:
        """Nothing written, nobody owns anything."""
        broker = self.broker
        faults = (self.bounds.crashes, broker.forgets, broker.doubles)
        return State((), (IDLE, IDLE), (), (), 0, *faults)

    def counted(self, log: Log) -> list[Decided]:
        """Return the records that a fold of this protocol takes in."""
        return [
            record
            for record, is_void in zip(log, void(log, self.protocol), strict=True)
            if isinstance(record, Decided) and not is_void
        ]

    def fold(self, log: Log) -> tuple[int, int]:
        """Return the commands read and the seats taken; positions come from the last record."""
        read = seats = 0
        for record in self.counted(log):
            read = record.read
            seats |= record.granted << SEAT_WANTED[record.command]
        return read, seats

    def evidence(self, state: State) -> Log:
        """Return the log: all that is judged, but for replies."""
        return state.log

    def judge(self, log: Log) -> Finding | None:
        """Judge what a log says, and what it will say when a healthy owner has finished the work.

        Every state is one in which all processes can die and all requests be lost; then an owner
        without mishaps goes on from the positions it finds. So this is the check at quiescence.
        """
        records = self.counted(log)
        if max(Counter(record.command for record in records).values(), default=0) > 1:
            return Finding.DECIDED_TWICE
        seats = Counter(SEAT_WANTED[record.command] for record in records if record.granted)
        if max(seats.values(), default=0) > 1:
            return Finding.SEAT_TWICE
        answered = 0
        for record in records:
            answered |= 1 << record.command
        read, _ = self.fold(log)
        if answered & ~read:
            return Finding.DECIDED_TWICE
        if read & ~answered:
            return Finding.COMMAND_LOST
        return None if _each_follows(records) else Finding.DOES_NOT_FOLLOW

    def rests(self, state: State) -> bool:
        """Say whether the owner of the newest term serves and has nothing left to do."""
        return any(
            process.phase is Phase.SERVING
            and process.read == ALL_READ
            and not any(isinstance(record, Taken) for record in state.log[process.term + 1 :])
            for process in state.processes
        )

    def judge_rest(self, state: State) -> Finding | None:
        """Judge a state in which nobody has anything left to do: every command is answered."""
        answered = {record.command for record in self.counted(state.log)}
        return None if len(answered) == len(SEAT_WANTED) else Finding.UNANSWERED

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield every step that can come next."""
        for at, process in enumerate(state.processes):
            if at and process == state.processes[0]:
                continue
            match process.phase:
                case Phase.IDLE:
                    yield from self._take(state, at)
                case Phase.TAKING:
                    yield from self._hear_term(state, at)
                    if self._may_take(state):
                        what = f"{name(process.owner)} gives up taking"
                        yield self._become(state, at, what, IDLE)
                case Phase.SERVING:
                    yield from self._serve(state, at)
                case Phase.WAITING:
                    yield from self._hear_ack(state, at)
                    yield from self._miss_ack(state, at)
        yield from self._deliver(state)

    def _may_take(self, state: State) -> bool:
        """Say whether an ownership is left.

        Without one, an owner that stops for good is one that makes no more moves: the states in
        which it has stopped are left out.
        """
        return state.taken < self.bounds.ownerships

    # The owner's life. The numbers are those of the owner loop.

    def _take(self, state: State, at: int) -> Iterator[Move[State]]:
        """Take steps 1 and 2: a new epoch, then `OwnershipTaken` goes out."""
        if not self._may_take(state):
            return
        owner = state.taken
        read, seats = (0, 0) if self.protocol.read_after_taking else self.fold(state.log)
        process = Process(Phase.TAKING, owner, read=read, seats=seats)
        sent = state._replace(
            network=_with(state.network, Request(owner, 0, (Taken(owner),))), taken=owner + 1
        )
        yield self._become(sent, at, f"{name(owner)} takes the partition", process)

    def _hear_term(self, state: State, at: int) -> Iterator[Move[State]]:
        """Take steps 2 and 3: the acked offset is the term; read up to it, find the own id there.

        One move: what lies before the term cannot change any more, so *when* it is read is the
        same, and a crash in between is a crash after.
        """
        process = state.processes[at]
        who, term = name(process.owner), process.answer
        if term == NO_ANSWER:
            return
        if term == REFUSED:
            yield self._become(state, at, f"{who} hears that it is refused", IDLE)
        elif self.protocol.look_for_own_id and state.log[term] != Taken(process.owner):
            yield self._become(state, at, f"{who} finds another's id at its term {term}", IDLE)
        elif self.protocol.refuse_known_pair and self._pair_is_known(state.log[:term], process):
            yield self._become(state, at, f"{who} finds its pair before its term {term}", IDLE)
        else:
            read, seats = process.read, process.seats
            if self.protocol.read_after_taking:
                read, seats = self.fold(state.log[:term])
            process = Process(Phase.SERVING, process.owner, term, term, 1, read, seats)
            yield self._become(state, at, f"{who} reads up to its term {term} and serves", process)

    def _pair_is_known(self, log: Log, process: Process) -> bool:
        pairs = self.broker.pairs
        owners = [record.owner for record in log if isinstance(record, Taken)]
        return pairs[process.owner] in [pairs[owner] for owner in owners]

    def _serve(self, state: State, at: int) -> Iterator[Move[State]]:
        """Take step 5: decide a batch in memory and append it. Or crash.

        Crashes elsewhere are left out: while an owner waits, a deadline does the same for free.
        """
        process = state.processes[at]
        who = name(process.owner)
        for batch in self._batches(process, self.bounds.batch):
            request = Request(process.owner, process.sequence, batch)
            sent = state._replace(network=_with(state.network, request))
            waiting = process._replace(phase=Phase.WAITING, batch=batch)
            finding, said = None, ""
            if not self.protocol.reply_after_ack:
                finding, said = self._reply(state, process.last + 1, batch), " and replies"
            what = f"{who} appends {', '.join(map(spell, batch))}{said}"
            yield self._become(sent, at, what, waiting, finding)
        if state.crashes and self._may_take(state):
            crashed = state._replace(crashes=state.crashes - 1)
            yield self._become(crashed, at, f"{who} crashes", IDLE)

    def _batches(self, process: Process, size: int) -> Iterator[tuple[Decided, ...]]:
        """Yield what an owner can decide next: the inputs in any mixture, each in its order."""
        for source in INPUTS:
            command = next((c for c in source if not process.read >> c & 1), None)
            if command is None:
                continue
            granted = not process.seats >> SEAT_WANTED[command] & 1
            read = process.read | 1 << command
            record = Decided(process.term, process.last + 1, command, granted, read)
            yield (record,)
            if size > 1:
                for rest in self._batches(_evolved(process, (record,)), size - 1):
                    yield (record, *rest)

    def _hear_ack(self, state: State, at: int) -> Iterator[Move[State]]:
        """Take step 5: an ack counts if the batch stands right behind the owner's last record."""
        process = state.processes[at]
        who, first = name(process.owner), process.answer
        if first == NO_ANSWER:
            return
        if first == REFUSED:
            yield self._become(state, at, f"{who} hears that it is refused", IDLE)
        elif self.protocol.contiguous_acks and first != process.last + 1:
            yield self._become(state, at, f"{who} sees a gap before its ack at {first}", IDLE)
        else:
            finding, said = None, ""
            if self.protocol.reply_after_ack:
                finding, said = self._reply(state, first, process.batch), " and replies"
            served = _evolved(process, process.batch)
            served = served._replace(last=first + len(process.batch) - 1)
            yield self._become(state, at, f"{who} counts its ack at {first}{said}", served, finding)

    def _miss_ack(self, state: State, at: int) -> Iterator[Move[State]]:
        """Take step 5: the deadline of the ack passes, whether or not the batch has arrived."""
        process = state.processes[at]
        what = f"{name(process.owner)} gets no ack in time"
        guesses = self.protocol.after_lost_ack is not AfterLostAck.START_AGAIN
        if not (process.sequence < self.bounds.appends if guesses else self._may_take(state)):
            return
        match self.protocol.after_lost_ack:
            case AfterLostAck.START_AGAIN:
                then = IDLE
            case AfterLostAck.DECIDE_AGAIN:
                then = _evolved(process, ())
            case AfterLostAck.ASSUME_WRITTEN:
                then = _evolved(process, process.batch)
        yield self._become(state, at, what, then)

    def _reply(self, state: State, first: int, batch: tuple[Decided, ...]) -> Finding | None:
        """Judge replies at the moment they are given: the log must hold these very records."""
        end = first + len(batch)
        held = state.log[first:end] == batch
        if held and not any(void(state.log, self.protocol)[first:end]):
            return None
        return Finding.REPLY_NOT_HELD

    # The network and the broker.

    def _deliver(self, state: State) -> Iterator[Move[State]]:
        """Bring any request to the broker, in any order; before that, it may forget the producer.

        Forgetting is one move with the request that it makes a difference to. Where the answer is
        the same, the broker knows the same epoch afterwards, and its only trace is that an old
        sequence number is refused instead of answered again: as good as a lost answer.
        """
        for request in dict.fromkeys(state.network):
            known = self._append(state, request)
            yield from self._arrive(state, request, *known)
            if state.forgets:
                number, _ = self.broker.pairs[request.owner]
                left = tuple(p for p in state.producers if p.number != number)
                forgotten = state._replace(producers=left, forgets=state.forgets - 1)
                unknown = self._append(forgotten, request)
                if unknown[2] != known[2]:
                    for what, then, _ in self._arrive(forgotten, request, *unknown):
                        yield Move(f"the broker forgets the producer and {what}", then)

    def _arrive(
        self,
        state: State,
        request: Request,
        log: Log,
        producers: tuple[Producer, ...],
        answer: int,
    ) -> Iterator[Move[State]]:
        """Let the broker's answer be heard or not; a doubled request stays on its way.

        What changes nothing and is heard by nobody is as good as lost, and left out.
        """
        heard = _heard(state.processes, request, answer)
        if (log, heard) == (state.log, state.processes):
            return
        outcome = "is refused" if answer == REFUSED else f"is at {answer}"
        what = f"{name(request.owner)}'s {', '.join(map(spell, request.batch))} {outcome}"
        arrived = _without(state.network, request)
        after = state._replace(log=log, processes=heard, network=arrived, producers=producers)
        yield Move(what, after)
        if state.doubles:
            # Of the two answers to a doubled request either may be the one that is heard.
            for listeners in dict.fromkeys((heard, state.processes)):
                again = after._replace(
                    processes=listeners, network=state.network, doubles=state.doubles - 1
                )
                yield Move(f"{what}, and is sent again", again)

    def _append(self, state: State, request: Request) -> tuple[Log, tuple[Producer, ...], int]:
        """Append as a partition's leader does: epoch first, then sequence number, then the log."""
        log, producers = state.log, state.producers
        number, epoch = self.broker.pairs[request.owner]
        known, others = None, producers
        for at, producer in enumerate(producers):
            if producer.number == number:
                known, others = producer, producers[:at] + producers[at + 1 :]
        if known is not None and epoch < known.epoch:
            return log, producers, REFUSED
        if known is None or epoch > known.epoch:
            # A producer that is not known may begin at any number, a new epoch only at 0.
            if known is not None and request.sequence:
                return log, producers, REFUSED
            known = Producer(number, epoch, request.sequence, ())
        place = request.sequence - known.sequence
        if 0 <= place < len(known.offsets):
            return log, producers, known.offsets[place]
        if place != len(known.offsets):
            return log, producers, REFUSED
        offsets = (*known.offsets, len(log))
        grown = Producer(number, epoch, known.sequence, offsets)
        return log + request.batch, tuple(sorted((*others, grown))), len(log)

    def _become(
        self, state: State, at: int, what: str, process: Process, finding: Finding | None = None
    ) -> Move[State]:
        """Return the move in which one process changes; the other stays as it is."""
        other = state.processes[1 - at]
        processes = (process, other) if process <= other else (other, process)
        return Move(what, State(state.log, processes, *state[2:]), finding)


def _each_follows(records: list[Decided]) -> bool:
    """Say whether each record is what an owner decides who has folded those before it.

    A replay compares digests and positions, and stops the partition where one does not follow.
    """
    read = seats = 0
    for record in records:
        seat = 1 << SEAT_WANTED[record.command]
        read |= 1 << record.command
        if record.read != read or record.granted == bool(seats & seat):
            return False
        seats |= seat
    return True


def _evolved(process: Process, batch: tuple[Decided, ...]) -> Process:
    """Return the process serving again, with `batch` folded into its memory."""
    read, seats = process.read, process.seats
    for record in batch:
        read = record.read
        seats |= record.granted << SEAT_WANTED[record.command]
    last, sequence = process.last + len(batch), process.sequence + 1
    return Process(Phase.SERVING, process.owner, process.term, last, sequence, read, seats)


def _heard(processes: tuple[Process, ...], request: Request, answer: int) -> tuple[Process, ...]:
    """Hand an answer to the process that still waits for it, if there is one."""
    for at, process in enumerate(processes):
        waits = process.phase in (Phase.TAKING, Phase.WAITING)
        if waits and process.owner == request.owner and process.sequence == request.sequence:
            return tuple(sorted((process._replace(answer=answer), processes[1 - at])))
    return processes


def _with(network: tuple[Request, ...], request: Request) -> tuple[Request, ...]:
    return tuple(sorted((*network, request)))


def _without(network: tuple[Request, ...], request: Request) -> tuple[Request, ...]:
    at = network.index(request)
    return network[:at] + network[at + 1 :]

"""The votes: what a seats owner tells a coordinator about its part of a group.

Rules of this file:

1. A vote repeats what stands in the owner's outbox; it is sent after the counted ack, it may be
   lost, come twice, or late. Only its verdict counts, never how often it came.
2. Both outboxes are the truth: a vote decides nothing that is not there.
"""

from typing import Final, Literal

import msgspec

from schemas.rejections import Rejected

RESERVED: Final = "reserved"
"""The part is reserved until the decision has come."""
REFUSED: Final = "refused"
"""The part cannot be done, whatever becomes of other groups."""
QUEUED: Final = "queued"
"""The part waits for what is in doubt; another vote comes."""

Verdict = Literal["reserved", "refused", "queued"]


class GroupVote(msgspec.Struct, tag="GroupVote.v1", kw_only=True, frozen=True, omit_defaults=True):
    """What one partition says about its part of a group."""

    group: int
    partition: int
    """The partition of the events topics that the part concerns."""
    verdict: Verdict
    refusal: Rejected | None = None
    """Why not, if the part is refused."""


encode = msgspec.json.Encoder().encode
decode_vote = msgspec.json.Decoder(GroupVote).decode

"""What we ask of the ledger: decisions for good, and the sends that they caused.

Every method that says "durable" has fsynced when it returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, Protocol

import msgspec

from tailorbird.lanes import Pace
from tailorbird.schema import DAY, Claim, Decision, Instant, PersonId, SendState, Settlement


class Admission(msgspec.Struct, frozen=True):
    """What became of sends that were about to be claimed."""

    ended: tuple[Settlement, ...] = ()
    """Of those that may not go: cancelled, or pending until `retry_at`."""
    addresses: dict[bytes, bytes] = {}
    """Send id -> the blind index of its address, where one mail of an occurrence is enough."""


SAME_ADDRESS: Final = "same address as send"
"""Why a send was cancelled; the id of the other follows."""


TOLD: Final = "settlements"
"""Under this name the log keeps up to which settlement it was told what became of sends."""


def place_of(claim: Claim, address_key: bytes) -> bytes:
    """Return the 16 bytes that name an address within one occurrence of a campaign."""
    said = msgspec.json.encode((claim.campaign, claim.occurrence))
    return hashlib.blake2b(said, digest_size=16, key=address_key, person=b"tb-address").digest()


class Written(msgspec.Struct, frozen=True):
    """A mail that came to a person, or is to come."""

    person: PersonId
    campaign: str
    campaign_version: int
    send_id: bytes
    at: Instant
    """When it left; while it has not, when it is due."""
    state: SendState


LONGEST_WAIT: Final = 60 * DAY
"""For how long a decision may have waited to be sent, and still counts by when it was."""

OrderAct = Literal["pause", "resume", "cancel"]


class Order(msgspec.Struct, frozen=True):
    """Somebody had a campaign, or with '' all sending, paused, resumed or cancelled."""

    act: OrderAct
    at: Instant
    campaign: str = ""
    author: str = ""
    reason: str = ""


class Trail(msgspec.Struct, frozen=True):
    """What has become of one send so far."""

    state: SendState
    due_at: Instant
    """Before it nothing happens, where it waits."""
    attempts: int
    stream: str = ""
    """The lane of a pace in which it waits or left; '' where there is none."""
    zone: str = ""
    ends: tuple[tuple[Instant, Settlement], ...] = ()
    """How each attempt ended, in order, with when that was learnt."""


class Gate(Protocol):
    """Asked inside the transaction of a claim: who goes first, and who may not go any more."""

    def rank(self, campaign: str) -> int | None:
        """Return a campaign's place in the queue, the lowest first; None: not by this worker."""

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        """Return who may not be written to after all, and whose addresses count once."""


class Ledger(Protocol):
    """The append-only record of decisions, and the outbox of sends that they caused."""

    def record(
        self, decisions: Sequence[Decision], due: Mapping[bytes, Instant] | None = None
    ) -> int:
        """Record durably those not recorded before, with an outbox row for each `send`.

        Returns how many were new. A send's id is its decision's id; it is due when `due` says, or
        else at once.
        """

    def decisions(
        self,
        *,
        campaign: str | None = None,
        person: PersonId | None = None,
        after: bytes = b"",
        limit: int = 1000,
    ) -> list[Decision]:
        """Return decisions in an order that does not change; `after` is the last of a page."""

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision."""

    def found(self, decision_ids: Sequence[bytes]) -> dict[bytes, Decision]:
        """Return those of these decisions that there are, by id."""

    def enrolled(self, people: Sequence[PersonId], names: Sequence[str]) -> dict[PersonId, str]:
        """Return by which of these campaigns and journeys each was sent to or held out first."""

    def shown(
        self, people: Sequence[PersonId], blocks: Sequence[str], after: Instant, until: Instant
    ) -> dict[tuple[PersonId, str], int]:
        """Return how often each of these blocks was in a mail decided for each of these people.

        Mails that failed or were cancelled do not count; who was never shown a block is absent.
        """

    def tally(self, campaign: str, kept: str) -> list[tuple[str, str, int]]:
        """Return (name, value, people) of what a campaign's sends keep under a key of `inputs`."""

    def verdicts(self, campaign: str) -> list[tuple[str, str, str, int]]:
        """Return (verdict, reason, variant, people) counts of a campaign."""

    def claim(
        self,
        worker: str,
        limit: int,
        now: Instant,
        lease_seconds: int,
        gate: Gate | None = None,
        pace: Pace | None = None,
    ) -> list[Claim]:
        """Claim due sends durably; nobody else gets them until the lease ends.

        Lanes go by the gate's rank, and within a rank by due time; what is paused waits. Whom the
        gate does not admit is settled in the same transaction, and others are claimed instead.
        With a pace, only what was sorted is claimed, and only as much as may leave now.
        """

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        """Return claims that have not been settled, for recovery."""

    def waits(self) -> bool:
        """Return whether anything is pending or claimed, due or not; cheap."""

    def workers(self) -> list[str]:
        """Return the workers whose claims have not been settled, by name."""

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        """Record durably how claims ended; a worker's own, where one is named, or unknown ones."""

    def cancel(self, campaign: str, reason: str, now: Instant) -> int:
        """Cancel a campaign's pending sends; return how many."""

    def order(self, order: Order) -> int:
        """Record durably what was ordered of sending; return how many sends it cancelled.

        What is paused or cancelled is claimed by nobody until it is resumed.
        """

    def orders(self, campaign: str | None = None, limit: int = 100) -> list[Order]:
        """Return what was ordered, the newest first."""

    def standing(self) -> Mapping[str, Order]:
        """Return the orders by which campaigns, or with '' all sending, stand still; cheap."""

    def written(self, people: Sequence[PersonId], after: Instant, apart: str) -> list[Written]:
        """Return the mails that left to these people after an instant, or are to leave.

        Mails of campaigns that begin with `apart` do not count.
        """

    def states(self, campaign: str | None = None) -> dict[str, int]:
        """Return the number of sends in each state."""

    def campaigns(self) -> dict[str, dict[str, int]]:
        """Return the number of sends in each state of each campaign."""

    def settlements(self, after: int, limit: int) -> list[tuple[int, Instant, Settlement]]:
        """Return (sequence, at, settlement) above `after`, in the order in which they happened."""

    def settlement(self, send_id: bytes) -> Settlement | None:
        """Return how a send ended, or None while it is pending."""

    def sent_at(self, send_id: bytes) -> Instant | None:
        """Return when the carrier took a send, or None where it has not."""

    def trail(self, send_id: bytes) -> Trail | None:
        """Return what has become of a send, None where nothing was decided to be sent."""

    def last_decided(self, campaign: str, until: Instant) -> Instant | None:
        """Return when a campaign was last decided up to an instant, None where it never was."""


FaultKind = Literal[
    "no_outbox", "no_decision", "other_end", "sent_twice", "claim_left", "journal_stranger",
    "journal_differs", "never_sent", "not_told", "not_at_carrier",
]  # fmt: skip
"""What does not add up.

A decision to send without a row in the outbox; a row without such a decision; a row and its last
settlement that differ; a send that was settled as sent twice; a claim that nobody works on; a
word in a journal on a send that nobody knows, or that the ledger contradicts; an event of a mail
that never left; a sent mail that the log was not told of, or that its carrier does not have.
"""


class Fault(msgspec.Struct, frozen=True):
    """One thing that does not add up."""

    kind: FaultKind
    send_id: bytes
    detail: str = ""


class InDoubt(msgspec.Struct, frozen=True):
    """A send whose last line left and whose answer nobody knows."""

    send_id: bytes
    campaign: str
    person: PersonId
    since: Instant
    carrier: str
    reply: str


class Departure(msgspec.Struct, frozen=True):
    """In which state a send is, and whether it ever left, for certain or perhaps."""

    state: SendState
    left: bool


class Audit(Protocol):
    """Reads the ledger as one who doubts it."""

    def unknowns(self, after: bytes = b"", limit: int = 1000) -> list[InDoubt]:
        """Return sends whose last line left and whose answer nobody knows, in order of id."""

    def faults(self) -> Iterator[Fault]:
        """Yield where decisions, outbox and settlements do not say the same."""

    def overdue(self, now: Instant) -> list[tuple[bytes, str]]:
        """Return (send, worker) of claims whose lease has ended."""

    def departures(self, send_ids: Sequence[bytes]) -> dict[bytes, Departure]:
        """Return of each send that there is in which state it is, and whether it ever left."""

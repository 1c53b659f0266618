"""How sending stands, as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.outbox import FaultKind, OrderAct
from tailorbird.schema import PersonId


class SendingOrder(msgspec.Struct, frozen=True):
    """Somebody had a campaign, or with '' all sending, paused, resumed or cancelled."""

    act: OrderAct
    at: datetime
    campaign: str
    author: str
    reason: str


class CampaignSends(msgspec.Struct, frozen=True):
    """The sends of a campaign by state, and the order by which it stands still, if any does."""

    campaign: str
    states: dict[str, int]
    stands: OrderAct | None


class SendingStatus(msgspec.Struct, frozen=True):
    """How sending stands: by campaign, what holds all of it, who is at work, what was ordered."""

    campaigns: tuple[CampaignSends, ...]
    stands: OrderAct | None
    workers: tuple[str, ...]
    orders: tuple[SendingOrder, ...]


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to every worker. '' orders all sending; to cancel that takes `everything`."""

    act: OrderAct
    campaign: Annotated[str, Meta(max_length=200)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""
    everything: bool = False


class OrderReport(msgspec.Struct, frozen=True):
    """The order as it is kept, and how many sends it cancelled."""

    order: SendingOrder
    cancelled: int


class SendInDoubt(msgspec.Struct, frozen=True):
    """A send whose last line left and whose answer nobody knows."""

    send_id: str
    campaign: str
    person: PersonId
    since: datetime
    carrier: str
    reply: str


class SendsInDoubt(msgspec.Struct, frozen=True):
    """Sends in doubt, in order of id."""

    sends: tuple[SendInDoubt, ...]
    next: str = ""


class DoubtSettled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a send in doubt: it was delivered, or is to be sent again."""

    sent: bool
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class FaultRow(msgspec.Struct, frozen=True):
    """One thing that does not add up."""

    kind: FaultKind
    send_id: str
    detail: str


class Reconciliation(msgspec.Struct, frozen=True):
    """What does not add up, a thousand at most, and how many things do not in all."""

    faults: tuple[FaultRow, ...]
    count: int
    states: dict[str, int]

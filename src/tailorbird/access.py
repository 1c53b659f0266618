"""Nouns of the doors: keys of senders, receivers of webhooks and what they are told, and when."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tailorbird.schema import Instant, PersonId

KeyKind = Literal["public", "secret"]
Scope = Literal["read", "write", "admin"]


class Key(msgspec.Struct, frozen=True):
    """What a sender shows at the door. A public one stands in pages and apps and only appends.

    `shown` is the whole of a public key and the start of a secret one, of which nothing else but
    the digest is kept. Rates are events a second, 0 for no limit.
    """

    name: str
    kind: KeyKind
    shown: str
    digest: bytes
    scopes: tuple[Scope, ...] = ()
    origins: tuple[str, ...] = ()
    """Sites whose pages may show it, such as `https://shop.example`; all of them when empty."""
    rate: int = 0
    address_rate: int = 0
    """The most that one client's address may send with it."""
    created_at: Instant = 0
    ends_at: Instant = 0
    """When it stops to open; 0 for never."""


NoticeType = Literal[
    "consent.changed", "delivery.held", "delivery.resumed", "journey.alarm", "journey.reached",
    "person.created", "person.forgotten", "person.merged", "person.updated", "segment.entered",
    "segment.left", "test",
]  # fmt: skip
NOTICE_TYPES: Final[tuple[NoticeType, ...]] = (
    "consent.changed", "delivery.held", "delivery.resumed", "journey.alarm", "journey.reached",
    "person.created", "person.forgotten", "person.merged", "person.updated", "segment.entered",
    "segment.left",
)  # fmt: skip
NoticeState = Literal["pending", "delivered", "given_up"]


class Hook(msgspec.Struct, frozen=True):
    """A receiver of webhooks: where it listens, and to what. Its secret is kept apart, sealed."""

    id: str
    url: str
    types: tuple[NoticeType, ...]
    fields: tuple[str, ...] = ()
    """Profile fields whose values go along; without any, receivers get numbers and names."""
    created_at: Instant = 0
    failing_since: Instant = 0
    disabled: str = ""
    """Why nothing is sent to it any more, or ''."""


class Notice(msgspec.Struct, frozen=True):
    """One thing that a hook is told, under an id that stays. `content` is JSON without values."""

    id: str
    hook: str
    type: NoticeType
    content: bytes
    created_at: Instant
    due_at: Instant
    attempts: int = 0
    state: NoticeState = "pending"
    status: int = 0
    reply: str = ""
    ended_at: Instant = 0
    sequence: int = 0


Cause = Literal["event", "time", "definition", "merge", "schedule"]


class Change(msgspec.Struct, frozen=True, gc=False):
    """A person entered a segment, or left it.

    `at` is when it became true. By time: the instant for which the answer was due. By an event:
    the latest of her events since the refresh before, or the refresh itself where those came late.
    By another definition, a merge or a schedule: the refresh. It always lies after the refresh
    before `seen_at`.
    """

    segment: str
    person: PersonId
    at: Instant
    entered: bool
    cause: Cause = "event"
    version: int = 0
    """Of the segment's definition."""
    seen_at: Instant = 0
    """The refresh that saw it."""
    sequence: int = 0
    """Its place among all changes, from 1; 0 while it has none."""

"""The inbox, and templates as one person would get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId


class InboxRow(msgspec.Struct, frozen=True):
    """A message as the inbox lists it."""

    sequence: int
    send_id: str
    to: str
    subject: str
    size_bytes: int
    campaign: str = ""


class InboxPage(msgspec.Struct, frozen=True):
    """One page of messages, the newest first."""

    messages: tuple[InboxRow, ...]
    total: int
    next: str = ""


class Header(msgspec.Struct, frozen=True):
    """One header of a message, decoded."""

    name: str
    value: str


class Link(msgspec.Struct, frozen=True):
    """A link of the HTML part."""

    text: str
    url: str


class Attachment(msgspec.Struct, frozen=True):
    """A file that a message brings."""

    name: str
    kind: str
    """Its media type."""
    size_bytes: int


class MailCheck(msgspec.Struct, frozen=True):
    """One thing that was looked at in a message, and what is to be done about it."""

    about: Literal["content", "links", "size", "authentication", "leaving", "spam"]
    state: Literal["good", "warning", "fault"]
    what: str
    mend: str = ""


class InboxAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reader of a mail is to do. `link` is the place of a counted link, from 0."""

    kind: Literal[
        "hard_bounce", "soft_bounce", "complaint", "auto_reply", "unsubscribe", "open", "click"
    ]
    link: Annotated[int, Meta(ge=0, le=10_000)] = 0


class InboxAnswered(msgspec.Struct, frozen=True):
    """What was done. `machine`: why it counts as a machine's; `applied`: reads show it already."""

    kind: str
    machine: str
    applied: bool


class Mail(msgspec.Struct, frozen=True):
    """One message, taken apart. `source` is the message as it was sent."""

    send_id: str
    subject: str
    sender: str
    to: str
    sent_at: datetime | None
    headers: tuple[Header, ...]
    text: str
    html: str
    links: tuple[Link, ...]
    source: str
    size_bytes: int
    person: PersonId | None = None
    campaign: str = ""
    variant: str = ""
    amp: str = ""
    """The AMP part, which only some readers run."""
    attachments: tuple[Attachment, ...] = ()


class TemplateRow(msgspec.Struct, frozen=True):
    """A template and the campaign variants that use it."""

    name: str
    version: int
    variants: tuple[str, ...] = ()


class Preview(msgspec.Struct, frozen=True):
    """A template as one person would get it now."""

    template: str
    person: PersonId
    label: str
    variant: str
    subject: str
    html: str
    text: str
    as_of: datetime | None = None
    """The instant whose facts, traits and segments it was made of."""
    locale: str = ""
    direction: str = "ltr"
    because: tuple[str, ...] = ()
    """Which rule chose what each slot shows, in words."""
    missing: tuple[str, ...] = ()
    """Values that it would print and that are not there: this person would get no such mail."""
    empty: tuple[str, ...] = ()
    """Blocks that print nothing for this person."""


class MailProof(msgspec.Struct, frozen=True):
    """A sent mail made again: whether it is, byte for byte, the one that left."""

    send_id: str
    state: str
    """`proven`, `differs`, `unrecorded` (died before its record) or `unsent`."""
    recorded: str
    """The digest that the ledger keeps."""
    made: str
    edition: str
    reasons: tuple[str, ...] = ()
    """What has changed since, where it differs."""
    subject: str = ""
    html: str = ""
    text: str = ""

"""Nouns that cross doors: plain, frozen, typed.

Units: every instant is an `Instant`, int64 microseconds since the epoch in UTC; money is an int64
in minor units of its currency; probabilities are floats in [0, 1].

Structs of which there are many say `gc=False`: collecting them was a quarter of ingest's time.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from tailorbird.event_names import Names as Names

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""
PersonId: TypeAlias = int
"""A person's number in the data folder: positive, never reused."""
Scalar: TypeAlias = str | int | float | bool | None
"""What a trait or a property can hold."""
Position: TypeAlias = int
"""Where an event stands in the log: `offset << 20 | index in its body`."""

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


# -- collect ------------------------------------------------------------------------------------


class Body(msgspec.Struct, frozen=True, gc=False):
    """Raw bytes as they came in: a Segment-spec JSON body, one event or `{"batch": [...]}`."""

    source: str
    received_at: Instant
    content: bytes


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """A body with the offset under which the log keeps it. Offsets start at 1 and have no gaps."""

    offset: int
    body: Body


class ConsentClaim(msgspec.Struct, frozen=True, gc=False):
    """What an event says about consent; it becomes a receipt once the person is known."""

    purpose: Purpose
    granted: bool
    wording_version: str = ""
    evidence: str = ""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One product of an event. `price_minor` is for one piece."""

    item: str
    name: str = ""
    category: str = ""
    quantity: int = 1
    price_minor: int = 0


class Context(msgspec.Struct, frozen=True, gc=False):
    """With what, where and coming from where an event happened; what is not known is empty."""

    session_id: str = ""
    """The sender's own name of the visit."""
    browser: str = ""
    os: str = ""
    device: str = ""
    """`desktop`, `phone`, `tablet`, `bot` or `other`."""
    app: str = ""
    country: str = ""
    """ISO 3166-1, by the sender's word or by the network address, which itself is never kept."""
    region: str = ""
    city: str = ""
    page: str = ""
    """The path of the page, without its query."""
    referrer: str = ""
    """The host of the page before, of another site."""
    channel: str = ""
    """How the page was reached: `search`, `social`, `email`, `paid`, `direct` or `other`."""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    utc_offset: int = 0
    """Minutes by which the local clock is ahead of UTC; the shop's where nobody tells."""


NO_CONTEXT: Final = Context()


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened, decoded, validated and cleaned; not yet tied to a person.

    `message_id` is the sender's id, by which duplicates are known. Identifiers that were absent are
    empty. `traits` is what an `identify` said; `properties` holds what has no field of its own.
    """

    message_id: str
    name: str
    at: Instant
    received_at: Instant
    position: Position
    source: str
    user_id: str = ""
    anonymous_id: str = ""
    email: str = ""
    order_id: str = ""
    item: str = ""
    category: str = ""
    quantity: int = 0
    value_minor: int = 0
    currency: str = ""
    campaign: str = ""
    variant: str = ""
    send_id: str = ""
    machine: bool = False
    lines: tuple[Line, ...] = ()
    traits: dict[str, Scalar] = {}
    properties: dict[str, Scalar] = {}
    person_id: PersonId = 0
    """Said by internal sources alone, which know the person already; 0 elsewhere."""
    consents: tuple[ConsentClaim, ...] = ()
    context: Context = NO_CONTEXT
    dwell_seconds: int = 0
    """How long somebody was active on the page that she left; of `page_left` alone."""


class Refused(msgspec.Struct, frozen=True):
    """A record that could not be taken: why, where, how to mend it, and its raw bytes."""

    position: Position
    source: str
    received_at: Instant
    code: str
    reason: str
    raw: bytes
    mend: str = ""


QuarantineState = Literal["held", "replayed", "discarded"]


class Quarantined(msgspec.Struct, frozen=True):
    """A refused record and what became of it. `refused.raw` stays as it came."""

    refused: Refused
    state: QuarantineState = "held"
    mended: bytes | None = None
    """The record as mended last, None while nobody has mended it."""
    mended_by: tuple[str, ...] = ()
    """The rules that mended it, in order; a rule mends a record once."""
    decided_at: Instant = 0
    why: str = ""
    replayed_as: int = 0
    """The offset in the log under which it came back, 0 while it has not."""


class Product(msgspec.Struct, frozen=True):
    """A catalogue item. `stock` is None where the shop does not tell."""

    item: str
    name: str = ""
    category: str = ""
    price_minor: int = 0
    currency: str = ""
    url: str = ""
    image: str = ""
    stock: int | None = None
    updated_at: Instant = 0


# -- profiles -----------------------------------------------------------------------------------


class ResolvedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event with its person; `person` is None for a guest who gave no identifier."""

    event: Event
    person: PersonId | None
    owner: PersonId | None = None
    """Her number before she was merged into `person`; None where that is `person` itself."""


class Profile(msgspec.Struct, frozen=True):
    """What is known of one person, in clear. `traits` holds declared traits only."""

    person: PersonId
    email: str = ""
    traits: dict[str, Scalar] = {}
    created_at: Instant = 0
    merged_into: PersonId | None = None


# -- privacy ------------------------------------------------------------------------------------

Purpose = Literal["email_marketing", "personalisation", "tracking", "training"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)


class Consent(msgspec.Struct, frozen=True):
    """A receipt: who agreed to what, or withdrew it, when, where, and to which wording."""

    person: PersonId
    purpose: Purpose
    granted: bool
    at: Instant
    source: str
    wording_version: str = ""
    evidence: str = ""


class ConsentRequest(msgspec.Struct, frozen=True):
    """Somebody gave this address and asked to be written to; its owner has not confirmed it yet."""

    person: PersonId
    address: str
    at: Instant
    position: Position
    """Where the log holds the request."""


class ConsentState(msgspec.Struct, frozen=True):
    """The latest word of one person on every purpose, and whether the address is suppressed."""

    person: PersonId
    granted: dict[Purpose, int] = {}
    """purpose -> id of the receipt that grants it; a purpose that is absent was never granted."""
    withdrawn: dict[Purpose, int] = {}
    suppressed: str = ""
    """Why the address may not be written to (`unsubscribed`, `hard_bounce`, `complaint`), or ''."""
    has_address: bool = False
    address_key: bytes = b""


# -- definitions, decisions ---------------------------------------------------------------------

DefinitionKind = Literal[
    "segment", "template", "block", "campaign", "model", "mapping", "tracking_plan", "imputation",
    "source",
    "form", "list",
    "groups", "calibration", "clusters",
    "slot", "texts", "edition", "image", "journey", "recommendations",
]  # fmt: skip


class Definition(msgspec.Struct, frozen=True):
    """One version of a file that an author wrote. Versions of a name start at 1."""

    kind: DefinitionKind
    name: str
    version: int
    text: str
    author: str = ""
    reason: str = ""
    created_at: Instant = 0
    log_end: int = 0
    """The last offset of the log when it was put: a tracking plan judges what came after."""
    removed: bool = False
    """This version says that the definition is no more; its text is empty."""


Verdict = Literal["send", "holdout", "refused"]


class Decision(msgspec.Struct, frozen=True):
    """Who was considered for which message, why yes or no, and with which probability.

    `id` is hash(campaign, version, person, occurrence): deciding twice gives the same row.
    `probability` is that of the variant (or of the holdout) that the keyed hash drew.
    `inputs` is JSON: what the template will be given (no name, no address) and the evidence.
    """

    id: bytes
    campaign: str
    campaign_version: int
    occurrence: str
    person: PersonId
    at: Instant
    verdict: Verdict
    reason: str = ""
    variant: str = ""
    probability: float = 1.0
    receipt: int = 0
    """The consent receipt that permits it; 0 where there is none."""
    inputs: bytes = b"{}"


# -- delivery -----------------------------------------------------------------------------------


class Claim(msgspec.Struct, frozen=True):
    """A send that this worker alone may work on until its lease ends."""

    send_id: bytes
    campaign: str
    campaign_version: int
    person: PersonId
    variant: str
    decided_at: Instant
    attempts: int
    inputs: bytes
    occurrence: str = ""
    doubted_at: Instant = 0
    """When the first try left whose answer nobody knows; 0: there was none."""
    leased_until: Instant = 0
    """Until when its worker alone may work on it, where that is asked for: in recovery."""


class Rendered(msgspec.Struct, frozen=True):
    """One person's mail, before it is a message: text only. `amp` is empty in most."""

    subject: str
    html: str
    text: str
    amp: str = ""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A finished message (RFC 5322, CRLF), the digest of its rendering, whether somebody waits."""

    send_id: bytes
    envelope_from: str
    envelope_to: str
    content: bytes
    digest: bytes = b""
    transactional: bool = False
    dots: tuple[int, ...] | None = None
    """Where lines begin with one, in a mail of ours, ASCII but for its addresses; None: unknown."""


ReplyKind = Literal["accepted", "deferred", "rejected", "unknown", "untaken"]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What a carrier answered; who it was, where one stands for several.

    `unknown`: the final dot left, no answer came back. `untaken`: it takes nothing from us, for our
    account or settings, and the send is as it was. `retry_seconds`: the wait it asks for, or 0.
    """

    send_id: bytes
    kind: ReplyKind
    code: int = 0
    text: str = ""
    retry_seconds: int = 0
    carrier: str = ""


SendState = Literal["pending", "claimed", "sent", "failed", "unknown", "cancelled"]


class Settlement(msgspec.Struct, frozen=True):
    """How one claim ended. `retry_at` is set when it goes back to pending."""

    send_id: bytes
    state: SendState
    carrier: str
    reply: str = ""
    retry_at: Instant = 0
    digest: bytes = b""
    """Of the mail that left: what `Outgoing.digest` said; b"" where none did."""
    doubted_at: Instant = 0
    """Of one that is tried again though it may have left: when it did, at the earliest."""

"""What programs write by the API, and what they are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.access import KeyKind, NoticeState, NoticeType, Scope
from tailorbird.schema import PersonId, Scalar
from tailorbird.views.people import ConsentLine

Name = Annotated[str, Meta(max_length=256)]
UserId = Annotated[str, Meta(max_length=256, examples=["u-71"])]
Email = Annotated[str, Meta(max_length=256, examples=["mia@people.example"])]
AnonymousId = Annotated[str, Meta(max_length=256, examples=["a-5f2c"])]
Money = Annotated[int, Meta(ge=0, le=10**12, examples=[1999])]
Pieces = Annotated[int, Meta(ge=0, le=10**12, examples=[12])]
Traits = Annotated[
    dict[str, Scalar],
    Meta(
        description="Declared traits; null takes one back.",
        examples=[{"first_name": "Ada", "country": "GB", "vip": True}],
    ),
]


Attributes = Annotated[
    dict[Annotated[str, Meta(max_length=100)], Scalar],
    Meta(
        max_length=100,
        description="What else it is like, for rules and for finding what is alike; null takes one "
        "back. Texts have 500 characters at most.",
        examples=[{"brand": "own", "margin": 12.5, "vegan": True}],
    ),
]


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person said on one purpose, and what proves it."""

    granted: bool
    wording_version: Annotated[str, Meta(max_length=100, examples=["3"])] = ""
    evidence: Annotated[str, Meta(max_length=2000, examples=["box ticked at checkout"])] = ""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person said on each purpose; what is left out stays as it is."""

    email_marketing: Word | None = None
    personalisation: Word | None = None
    tracking: Word | None = None
    training: Word | None = None


class Identifiers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names by which a person is known; empty ones are left out."""

    user_id: UserId = ""
    email: Email = ""
    anonymous_id: AnonymousId = ""


class JourneyCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to enter a journey, by number or by one identifier, and what its mails are told."""

    person: Annotated[PersonId, Meta(ge=0, le=2**63 - 1)] = 0
    user_id: UserId = ""
    email: Email = ""
    anonymous_id: AnonymousId = ""
    values: Annotated[
        dict[Name, Scalar],
        Meta(
            max_length=100,
            description="What templates read as `event.properties`; who she is, the profile says.",
            examples=[{"order_id": "A-17", "door_code": "4711"}],
        ),
    ] = {}


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person to be: at least one identifier."""

    user_id: UserId = ""
    email: Email = ""
    anonymous_id: AnonymousId = ""
    traits: Traits = {}
    consents: Words | None = None


class PersonChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Traits to set or to take back."""

    traits: Traits


class ProductChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a product; what is left out stays as it is."""

    name: Annotated[str, Meta(max_length=500, examples=["Blue mug"])] = ""
    category: Annotated[str, Meta(max_length=500, examples=["Kitchen"])] = ""
    price_minor: Money = 0
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$", examples=["EUR"])] = ""
    url: Annotated[str, Meta(max_length=2000)] = ""
    image: Annotated[str, Meta(max_length=2000)] = ""
    stock: Pieces | None = None
    attributes: Attributes = {}


class ProductRecord(ProductChange, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product under its id."""

    item: Annotated[str, Meta(min_length=1, max_length=256, examples=["P1"])]


class ProductBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many products at once."""

    products: Annotated[list[ProductRecord], Meta(min_length=1, max_length=1000)]


class Stock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many pieces there are."""

    stock: Pieces


class Joined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person who is the same one."""

    loser: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    reason: Annotated[str, Meta(max_length=200)] = ""


class Written(msgspec.Struct, frozen=True):
    """A write that is durable. `applied`: reads show it; `person` is known then."""

    offset: int
    """Where the log holds it."""
    applied: bool
    person: PersonId | None = None


class Forgotten(msgspec.Struct, frozen=True):
    """What forgetting a person reached, and what it did not."""

    offset: int
    applied: bool
    person: PersonId
    covered: tuple[str, ...]
    not_covered: tuple[str, ...]


class Preferences(msgspec.Struct, frozen=True):
    """A person's latest word on every purpose, and whether marketing mail may go to her."""

    person: PersonId
    subscribed: bool
    suppressed: str
    """Why the address may not be written to, or ''."""
    consents: tuple[ConsentLine, ...]


class ProductRow(msgspec.Struct, frozen=True):
    """A product as the facts have it."""

    item: str
    name: str
    category: str
    price_minor: int
    currency: str
    url: str
    image: str
    stock: int | None
    updated_at: datetime
    attributes: dict[str, str] = {}
    """As text, under the names by which rules ask for them."""


class ProductPage(msgspec.Struct, frozen=True):
    """One page of products by id; `next` is empty on the last one."""

    products: tuple[ProductRow, ...]
    next: str = ""


class EventRow(msgspec.Struct, frozen=True):
    """An event as the facts have it. `id` is its position in the log."""

    id: str
    event: str
    at: datetime
    received_at: datetime
    source: str
    person: PersonId | None = None
    order_id: str = ""
    item: str = ""
    quantity: int = 0
    value_minor: int = 0
    currency: str = ""
    campaign: str = ""
    machine: bool = False


class EventPage(msgspec.Struct, frozen=True):
    """One page of events, the newest in the log first; `next` is empty on the last one."""

    events: tuple[EventRow, ...]
    next: str = ""


class EventVerdict(msgspec.Struct, frozen=True):
    """What became of one message: taken under an id, or refused with a reason."""

    index: int
    verdict: Literal["taken", "refused"]
    id: str = ""
    code: str = ""
    message: str = ""


class EventVerdicts(msgspec.Struct, frozen=True):
    """What became of each message, in their order. What was refused is not kept."""

    offset: int
    applied: bool
    taken: int
    refused: int
    results: tuple[EventVerdict, ...]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be. Sites and rates are for public keys, scopes for secret ones."""

    name: Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", examples=["shop"])]
    kind: KeyKind
    scopes: tuple[Scope, ...] = ()
    origins: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    rate: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    address_rate: Annotated[int, Meta(ge=0, le=10**9)] | None = None


class KeyRow(msgspec.Struct, frozen=True):
    """A key without its secret."""

    name: str
    kind: KeyKind
    shown: str
    scopes: tuple[Scope, ...]
    origins: tuple[str, ...]
    rate: int
    address_rate: int
    created_at: datetime
    ends_at: datetime | None
    opens: bool


class MadeKey(msgspec.Struct, frozen=True):
    """A new key with its text, which is shown this once."""

    key: str
    about: KeyRow


class NewHook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver to be: all types where none is named; values go along of `fields` alone."""

    url: Annotated[str, Meta(min_length=1, max_length=2000, examples=["https://example.com/hooks"])]
    types: Annotated[tuple[NoticeType, ...], Meta(max_length=20)] = ()
    fields: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()


class HookRow(msgspec.Struct, frozen=True):
    """A receiver without its secret."""

    id: str
    url: str
    types: tuple[NoticeType, ...]
    fields: tuple[str, ...]
    created_at: datetime
    failing_since: datetime | None
    disabled: str
    """Why nothing is sent to it any more, or ''."""


class MadeHook(msgspec.Struct, frozen=True):
    """A new receiver with its secret, which is shown this once."""

    secret: str
    about: HookRow


class NoticeRow(msgspec.Struct, frozen=True):
    """A notice and how its sending went."""

    id: str
    type: NoticeType
    state: NoticeState
    attempts: int
    status: int
    reply: str
    created_at: datetime
    due_at: datetime


class NoticePage(msgspec.Struct, frozen=True):
    """One page of notices, the newest first; `next` is empty on the last one."""

    notices: tuple[NoticeRow, ...]
    next: str = ""


class TriedHook(msgspec.Struct, frozen=True):
    """What a receiver answered to a notice of the type `test`; status 0 where nothing."""

    status: int
    text: str

"""From raw bodies to events: whatever comes, it is either an event or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tailorbird.collect import clean, protected
from tailorbird.collect.bodies import BodyError
from tailorbird.collect.columns import shape_of
from tailorbird.collect.commerce import order_of
from tailorbird.collect.context import Surroundings, context_of, dwell_of
from tailorbird.collect.context_place import Geo, known_zone, nowhere, place_of
from tailorbird.collect.disposable import is_disposable
from tailorbird.collect.fields import (
    Refusal,
    consents_of,
    identifier,
    mapping_of,
    properties_of,
    text,
    traits_of,
)
from tailorbird.collect.forms_trap import hold_back
from tailorbird.collect.messages import (
    HELD,
    NOTHING,
    Kind,
    Message,
    at_of,
    held,
    id_of,
    kind_of,
    name_of,
    parse,
    properties_in,
)
from tailorbird.schema import (
    Body,
    ConsentClaim,
    Event,
    LogRecord,
    Names,
    PersonId,
    Position,
    Refused,
    Scalar,
)

INTERNAL: Final = frozenset(
    {
        "delivery",
        "forms",
        "groups",
        "identity",
        "import",
        "journey",
        "lists",
        "rest",
        "simulator",
        "suppressions",
        "tracking",
    }
)
"""Sources of our own: they alone may say a person's number and which send an event belongs to."""
SHOPS: Final = frozenset({"salesforce", "shopify", "stripe", "woocommerce"})
"""Sources that a signature has proven: they may change products and say who agreed to what."""
TRUSTED: Final = INTERNAL | SHOPS
OPEN_TO_GUESTS: Final = frozenset(
    {
        Names.PURCHASE, Names.RETURN, Names.EVENT_RETRACTED,
        Names.SUPPRESSION_ADDED, Names.SUPPRESSION_LIFTED,
    }
)  # fmt: skip
CORRECTIONS: Final = frozenset(
    {
        Names.EVENT_RETRACTED, Names.PEOPLE_MERGED, Names.PEOPLE_SEPARATED, Names.PERSON_FORGOTTEN,
    }
)  # fmt: skip
"""Events that take back what was said: only our own API may."""
LISTING: Final = frozenset({Names.LIST_ADDED, Names.LIST_REMOVED})
"""Events that say who is on a list: segments rest on them, so no stranger says so."""
SERVER: Final = "server"
"""Sources that a secret key has proven: they speak for the shop, in a stranger's handwriting."""
BOT: Final = "bot"
BATCH_LIMIT: Final = 1 << 20
"""Messages of one body, so that a position has room for the index."""


class Decoded(msgspec.Struct, frozen=True):
    """What a run of the log held, in its order."""

    events: list[Event]
    refused: list[Refused]


def decode(
    records: Sequence[LogRecord],
    *,
    currency: str = "",
    disposable: frozenset[str] = frozenset(),
    zone: str = "UTC",
    geo: Geo = nowhere,
    protected_traits: frozenset[str] = protected.DECLARED,
) -> Decoded:
    """Return the events of these bodies and, with reasons, what was refused. Never raises.

    `currency` and `zone` are the shop's, for amounts and times that come without one. `geo` finds
    the place of an address that a message names. Where there are `disposable` domains, the trait
    `email_disposable` says whether an address is of one. What a public source says of
    `protected_traits` is refused, and its event taken without. An event's position is its body's
    offset shifted left by 20, plus its index in the body.
    """
    house = house_of(
        currency=currency,
        disposable=disposable,
        zone=zone,
        geo=geo,
        protected_traits=protected_traits,
    )
    return decode_in(house, records)


def decode_in(house: House, records: Sequence[LogRecord]) -> Decoded:
    """Return what `decode` returns, for what the shop says."""
    decoded = Decoded([], [])
    for record in records:
        _decode(record.body, record.offset << 20, house, decoded)
    return decoded


def house_of(
    *,
    currency: str = "",
    disposable: frozenset[str] = frozenset(),
    zone: str = "UTC",
    geo: Geo = nowhere,
    protected_traits: frozenset[str] = protected.DECLARED,
) -> House:
    """Return what `decode` asks of the shop."""
    around = Surroundings(geo, known_zone(zone) or "UTC")
    return House(currency, disposable, around, protected_traits)


@dataclass(frozen=True, slots=True)
class House:
    """What the shop says for every body."""

    currency: str
    disposable: frozenset[str]
    around: Surroundings
    protected: frozenset[str]


def _decode(body: Body, first: Position, house: House, decoded: Decoded) -> None:
    try:
        whole = shape_of(body)
        if len(whole.messages) > BATCH_LIMIT:
            raise BodyError(f"it holds more than {BATCH_LIMIT:,} messages")
    except BodyError as error:
        refusal = Refusal("bad_body", f"the body cannot be read: {error}", "send Segment-spec JSON")
        decoded.refused.append(_refused(refusal, body, first, body.content))
        return
    reader = _Reader(body, whole.sent_at, house, whole.received_from)
    _read(reader, body, enumerate(whole.messages, first), decoded)


def decode_messages(
    body: Body, messages: Iterable[tuple[Position, bytes]], house: House
) -> Decoded:
    """Return the events of some messages of a body, each given with its position."""
    decoded = Decoded([], [])
    _read(_Reader(body, None, house), body, messages, decoded)
    return decoded


def _read(
    reader: _Reader,
    body: Body,
    messages: Iterable[tuple[Position, bytes | msgspec.Raw]],
    decoded: Decoded,
) -> None:
    for position, raw in messages:
        try:
            decoded.events.append(reader.read(raw, position))
            if reader.barred:
                part = protected.refusal(reader.barred)
                decoded.refused.append(_refused(part, body, position, bytes(raw)))
        except Nothing:
            continue
        except Refusal as refusal:
            decoded.refused.append(_refused(refusal, body, position, bytes(raw)))


def _refused(refusal: Refusal, body: Body, position: Position, raw: bytes) -> Refused:
    return Refused(
        position, body.source, body.received_at, refusal.code, refusal.reason, raw, refusal.mend
    )


class Nothing(Exception):  # noqa: N818 - nobody erred
    """A message says nothing."""


class _Who(msgspec.Struct, frozen=True, gc=False):
    """Who a message says it is about, and what it says of them."""

    user_id: str = ""
    anonymous_id: str = ""
    email: str = ""
    person: PersonId = 0
    traits: dict[str, Scalar] = {}
    consents: tuple[ConsentClaim, ...] = ()


class _Send(msgspec.Struct, frozen=True, gc=False):
    """Which mail an event belongs to."""

    send_id: str = ""
    campaign: str = ""
    variant: str = ""
    machine: bool = False


_NO_SEND: Final = _Send()
_SHOWN: Final = frozenset({"page", "screen"})
_SENT: Final = frozenset({*_Send.__struct_fields__})


class _Reader:
    """Reads the messages of one body."""

    __slots__ = (
        "_around", "_body", "_family", "_house", "_internal", "_sent_at", "_trusted", "_vouched",
        "barred",
    )  # fmt: skip

    def __init__(
        self, body: Body, sent_at: object, house: House, received_from: object = None
    ) -> None:
        self._body = body
        self._house = house
        self._family = body.source.partition(":")[0]
        self._internal = self._family in INTERNAL
        self._trusted = self._family in TRUSTED
        self._vouched = self._trusted or self._family == SERVER
        self._sent_at = None if self._trusted else sent_at
        place = place_of(received_from)
        self._around = msgspec.structs.replace(house.around, place=place) if place else house.around
        self.barred: tuple[str, ...] = ()
        """Traits of the message read last that its source may not set."""

    def read(self, raw: bytes | msgspec.Raw, position: Position) -> Event:
        """Return a message's event; raise `Refusal` when it cannot be taken."""
        message = parse(raw, strict=self._trusted)
        kind = self._kind(message)
        name = name_of(kind, message)
        context = mapping_of(message.context, "context")
        who = self._permit(name, self._who(kind, message, context))
        products, properties = _said(properties_in(kind, message))
        send = _send_of(properties) if self._internal else _NO_SEND
        order = order_of(name, products, properties, self._house.currency)
        at = at_of(message, self._sent_at, self._body.received_at)
        around = context_of(context, properties if kind in _SHOWN else {}, at, self._around)
        return Event(
            message_id=self._id(message, raw),
            name=name,
            at=at,
            received_at=self._body.received_at,
            position=position,
            source=self._body.source,
            user_id=who.user_id,
            anonymous_id=who.anonymous_id,
            email=who.email,
            order_id=order.order_id,
            item=order.item,
            category=order.category,
            quantity=order.quantity,
            value_minor=order.value_minor,
            currency=order.currency,
            campaign=send.campaign,
            variant=send.variant,
            send_id=send.send_id,
            machine=send.machine or around.device == BOT,
            lines=order.lines,
            traits=who.traits,
            properties=properties,
            person_id=who.person,
            consents=who.consents,
            context=around,
            dwell_seconds=dwell_of(properties) if name == Names.PAGE_LEFT else 0,
        )

    def _kind(self, message: Message) -> Kind:
        if self._internal and message.type == HELD:
            raise held(message)
        if self._internal and message.type == NOTHING:
            raise Nothing
        return kind_of(message)

    def _id(self, message: Message, raw: bytes | msgspec.Raw) -> str:
        """Return a message id that nobody outside can take before one of our own events does."""
        found = id_of(message, raw, self._body.received_at)
        if self._trusted:
            return f"{self._family}:{found}"
        return f"web:{found}" if found.partition(":")[0] in TRUSTED else found

    def _who(self, kind: Kind, message: Message, context: dict[str, Any]) -> _Who:
        user = identifier(message.user_id, "userId")
        anonymous = identifier(message.anonymous_id, "anonymousId")
        person = self._person(context)
        if self._internal:
            hold_back(context)
        claims = consents_of(context.get("consent")) if self._vouched else ()
        self.barred = ()
        if kind == "identify":
            traits, email = traits_of(
                mapping_of(context.get("traits"), "context.traits"),
                mapping_of(message.traits, "traits"),
            )
            if not self._vouched:
                traits, self.barred = protected.kept(traits, self._house.protected)
            email = email or clean.email(user) or ""
            if email and self._house.disposable:
                traits["email_disposable"] = is_disposable(email, self._house.disposable)
            claims = claims or consents_of(context.get("consent"))
            return _Who(user, anonymous, email, person, traits, claims)
        if kind == "alias":
            previous = identifier(message.previous_id, "previousId")
            email = clean.email(previous) or ""
            return _Who(user, "" if email else previous or anonymous, email, person)
        return _Who(user, anonymous, "", person, consents=claims)

    def _person(self, context: dict[str, object]) -> PersonId:
        person = context.get("personId") if self._internal else None
        return person if type(person) is int and 0 < person < 2**63 else 0

    def _permit(self, name: str, who: _Who) -> _Who:
        """Return who it is; raise `Refusal` when this source may not say such a thing of her."""
        if name == Names.PRODUCT_UPDATED:
            if not self._trusted:
                mend = "import the catalogue instead"
                raise Refusal("not_allowed", "a public source may not change products", mend)
            return who
        if name in CORRECTIONS and not self._internal:
            mend = "use the API with a secret key"
            raise Refusal("not_allowed", "only the API takes back what was said", mend)
        if name in LISTING and not self._internal:
            mend = "use `tailorbird lists` or the API of lists"
            raise Refusal("not_allowed", "a sender does not say who is on a list", mend)
        known = who.user_id or who.anonymous_id or who.email or who.person
        if not known and not (self._trusted and name in OPEN_TO_GUESTS):
            mend = "send a userId or an anonymousId"
            raise Refusal("no_identifier", "it says of nobody who did it", mend)
        return who


def _said(given: Mapping[str, Any]) -> tuple[object, dict[str, Scalar]]:
    """Return an event's products, and its other properties."""
    if "products" not in given:
        return None, properties_of(given)
    others = {key: value for key, value in given.items() if key != "products"}
    return given["products"], properties_of(others)


def _send_of(properties: dict[str, Scalar]) -> _Send:
    if _SENT.isdisjoint(properties):
        return _NO_SEND

    def taken(name: str) -> str:
        value = properties.pop(name, None)
        return text(value, name) if isinstance(value, str) else ""

    machine = properties.pop("machine", None) is True
    return _Send(taken("send_id"), taken("campaign"), taken("variant"), machine)

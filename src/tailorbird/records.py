"""What programs write: people, preferences, products, events, each as a body of the log.

Nothing here changes a store. A write is durable when it is in the log, and is seen once the log has
been taken in; so a rebuild reads every one of them again, in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tailorbird import intake, money, profiles
from tailorbird.collect import fields
from tailorbird.collect.attributes import attributes_of
from tailorbird.errors import ConflictError, RecordError
from tailorbird.ids import Entropy, new_id
from tailorbird.privacy.vault import is_personal_property
from tailorbird.schema import PURPOSES, Body, Instant, LogRecord, Names, PersonId, Purpose
from tailorbird.views.records import (
    EventVerdict,
    EventVerdicts,
    Identifiers,
    NewPerson,
    ProductChange,
    ProductRecord,
    Word,
    Words,
)
from tailorbird.world import World

SOURCE: Final = "rest"
KINDS: Final = ("user_id", "email", "anonymous_id")
Message = dict[str, Any]
FORGETTING: Final = (
    "the address, the names and every other declared trait, with the key that opened them",
    "the history of declared traits in the facts",
    "consents: withdrawn, each with a receipt",
)
NOT_FORGOTTEN: Final = (
    "the raw bodies in the log, as senders sent them",
    "events in the facts, under the person's number alone",
    "keyed hashes of her identifiers, so that what comes later under them is still this number",
    "decisions in the ledger, and mails in the local inbox",
    "backups, and pages of the database file that were freed and not yet written over",
)


class Writer(msgspec.Struct, frozen=True):
    """Who writes, and when. The same `once` gives the same message ids: a repeat counts once."""

    key: str
    now: Instant
    entropy: Entropy
    once: str = ""

    def message_id(self, number: int) -> str:
        """Return the id of a request's message of this number."""
        return f"{self.once}.{number}" if self.once else new_id("msg", self.now, self.entropy)


def write(world: World, messages: Sequence[Message], writer: Writer) -> int:
    """Append messages to the log, durably, and return their offset.

    Raises:
        RecordError: one of them would be refused; then none is kept.
    """
    named = [
        message
        | {"messageId": writer.message_id(number), "timestamp": writer.now / 1_000_000}
        | {"context": {**message.get("context", {}), "key": writer.key}}
        for number, message in enumerate(messages)
    ]
    body = Body(SOURCE, writer.now, msgspec.json.encode({"batch": named}))
    for refused in judged(world, body).refused:
        raise RecordError(refused.reason, code=refused.code, mend=refused.mend)
    return world.log.append([body])


def judged(world: World, body: Body) -> intake.Read:
    """Return what a body would bring if it were taken in now."""
    return intake.read(world, [LogRecord(world.log.end() + 1, body)])


def applied(world: World, offset: int) -> bool:
    """Return whether people and facts have taken in the log up to here."""
    return world.people.cursor() >= offset and world.facts.offset() >= offset


# -- people ---------------------------------------------------------------------------------------


def find(world: World, given: Identifiers) -> dict[str, PersonId]:
    """Return who holds each of these identifiers, by kind."""
    owners = {kind: world.people.ties.owner(kind, value) for kind, value in _named(given)}
    return {
        kind: world.people.survivor(owner) or owner
        for kind, owner in owners.items()
        if owner is not None
    }


def create_person(world: World, new: NewPerson, writer: Writer) -> int:
    """Write a new person and return the offset.

    Raises:
        ConflictError: an identifier belongs to somebody.
        RecordError: there is no identifier, or something cannot be taken.
    """
    _refuse_identifiers(new.traits, "give it beside the traits, as user_id or email")
    given = Identifiers(new.user_id, new.email, new.anonymous_id)
    _refuse_taken(find(world, given))
    message = _identify(world, given, writer) | {"traits": {**new.traits, **_email(given)}}
    return write(world, _with_consents([message], new.consents or Words()), writer)


def set_traits(world: World, person: PersonId, traits: Mapping[str, Any], writer: Writer) -> int:
    """Write traits of a person and return the offset."""
    _refuse_identifiers(traits, "PUT /people/{person}/identifiers")
    return write(world, [_of(person, {"type": "identify", "traits": dict(traits)})], writer)


def set_identifiers(world: World, person: PersonId, given: Identifiers, writer: Writer) -> int:
    """Give a person further identifiers and return the offset.

    Raises:
        ConflictError: one of them belongs to somebody else.
    """
    others = {kind: other for kind, other in find(world, given).items() if other != person}
    _refuse_taken(others)
    message = _identify(world, given, writer) | {"traits": _email(given)}
    return write(world, [_of(person, message)], writer)


def forget_person(world: World, person: PersonId, writer: Writer) -> int:
    """Write that a person is to be forgotten and return the offset."""
    withdrawn: dict[str, Any] = dict.fromkeys(PURPOSES, False)
    message = _of(person, {"type": "track", "event": Names.PERSON_FORGOTTEN})
    message["context"]["consent"] = withdrawn | {"evidence": "forgotten"}
    return write(world, [message], writer)


def set_preferences(world: World, person: PersonId, words: Words, writer: Writer) -> int:
    """Write what a person said and return the offset.

    Raises:
        RecordError: it says nothing.
    """
    messages = _with_consents([], words)
    if not messages:
        raise RecordError("no purpose is named", code="nothing", mend=f"name {', '.join(PURPOSES)}")
    return write(world, [_of(person, message) for message in messages], writer)


def withdraw_all(world: World, person: PersonId, writer: Writer) -> int:
    """Withdraw a person's consent to everything and return the offset."""
    no = Word(granted=False)
    return set_preferences(world, person, Words(no, no, no, no), writer)


def merge_people(world: World, one: PersonId, other: PersonId, reason: str, writer: Writer) -> int:
    """Write that two people are one and return the offset.

    Raises:
        ConflictError: they are one already.
    """
    if one == other:
        raise ConflictError("the two are one person already", mend="name two people")
    body = profiles.merged_body(
        min(one, other), max(one, other), reason=reason, at=writer.now, author=writer.key, by="api"
    )
    return world.log.append([body])


def separate_people(
    world: World, survivor: PersonId, loser: PersonId, reason: str, writer: Writer
) -> int:
    """Write that a merge was wrong and return the offset.

    Raises:
        ConflictError: `loser` was not merged into this person.
    """
    if loser == survivor or world.people.survivor(loser) != survivor:
        mend = "name the number that the other had before the merge"
        raise ConflictError(f"person {loser} was not merged into person {survivor}", mend=mend)
    body = profiles.separated_body(survivor, loser, reason=reason, at=writer.now, author=writer.key)
    return world.log.append([body])


def _of(person: PersonId, message: Message) -> Message:
    return message | {"context": {**message.get("context", {}), "personId": person}}


def _named(given: Identifiers) -> list[tuple[str, str]]:
    found = ((kind, str(getattr(given, kind)).strip()) for kind in KINDS)
    return [(kind, value) for kind, value in found if value]


def _email(given: Identifiers) -> dict[str, str]:
    return {"email": given.email} if given.email.strip() else {}


def _identify(world: World, given: Identifiers, writer: Writer) -> Message:
    """Return an identify with these identifiers, each of which must be a good one."""
    named = dict(_named(given))
    if not named:
        mend = "give a user_id, an email or an anonymous_id"
        raise RecordError("no identifier", code="no_identifier", mend=mend)
    message: Message = {"type": "identify"}
    for kind, field in (("user_id", "userId"), ("anonymous_id", "anonymousId")):
        if kind in named:
            message[field] = named[kind]
    trial = msgspec.json.encode(message | {"messageId": "trial", "traits": _email(given)})
    came = judged(world, Body(SOURCE, writer.now, trial))
    event = came.events[0] if came.events else None
    for kind in named:
        if event is None or not getattr(event, kind):
            raise RecordError(f"this {kind} is none that names one person", code="bad_identifier")
    return message


def _refuse_identifiers(traits: Mapping[str, Any], mend: str) -> None:
    """Raise where a trait would be read as an identifier, in whatever spelling it comes."""
    for name in traits:
        if fields.trait_name(name) in ("email", "user_id"):
            raise RecordError(
                f"{name!r} is an identifier and no trait", code="identifier", mend=mend
            )


def _refuse_taken(holders: Mapping[str, PersonId]) -> None:
    for kind, person in holders.items():
        mend = f"change person {person}, or merge the two"
        raise ConflictError(f"this {kind} belongs to person {person}", mend=mend)


def _with_consents(messages: Sequence[Message], words: Words) -> list[Message]:
    """Return messages that say each word too, the first word on the first message."""
    said: list[tuple[Purpose, Word]] = [
        (purpose, word) for purpose in PURPOSES if (word := getattr(words, purpose)) is not None
    ]
    who = {k: v for k, v in messages[0].items() if k != "traits"} if messages else {}
    email = messages[0]["traits"].get("email") if messages else None
    told = [
        who
        | {"type": "identify" if messages else "track", "event": Names.CONSENT_CHANGED}
        | ({"traits": {"email": email}} if email else {})
        | {
            "context": {
                "consent": {
                    purpose: word.granted,
                    "wordingVersion": word.wording_version,
                    "evidence": word.evidence,
                }
            }
        }
        for purpose, word in said
    ]
    return [*messages, *told]


# -- products -------------------------------------------------------------------------------------


def set_products(world: World, products: Sequence[ProductRecord], writer: Writer) -> int:
    """Write what is said of products and return the offset.

    Raises:
        RecordError: an attribute cannot be one, or something cannot be taken; then nothing is.
    """
    currency = world.settings.shop.currency
    return write(world, [_product(each.item, each, currency) for each in products], writer)


def discontinue(world: World, item: str, writer: Writer) -> int:
    """Write that a product is out of stock for good and return the offset."""
    return write(world, [_product(item, ProductChange(stock=0), "")], writer)


def _product(item: str, said: ProductChange, currency: str) -> Message:
    told: Message = attributes_of(item, said.attributes) | {"product_id": item, "quantity": 1}
    told |= {name: value for name in ("name", "category", "url") if (value := getattr(said, name))}
    if said.image:
        told["image_url"] = said.image
    if said.stock is not None:
        told["stock"] = said.stock
    if said.price_minor:
        code = said.currency or currency
        told |= {"price": str(money.major(said.price_minor, code)), "currency": code}
    elif said.currency:
        told["currency"] = said.currency
    return {"type": "track", "event": Names.PRODUCT_UPDATED, "properties": told}


# -- journeys -------------------------------------------------------------------------------------


def call_journey(
    world: World, journey: str, person: PersonId, values: Mapping[str, Any], writer: Writer
) -> int:
    """Write that a person is to enter a journey and return the offset.

    Raises:
        RecordError: a value says who she is, or takes the place of the journey's name.
    """
    for name in values:
        if name == "journey" or is_personal_property(fields.trait_name(name)):
            mend = "give it another name, or as a trait of her profile"
            raise RecordError(f"{name!r} cannot be a value", code="bad_value", mend=mend)
    said = {**values, "journey": journey}
    message = {"type": "track", "event": Names.JOURNEY_CALLED, "properties": said}
    return write(world, [_of(person, message)], writer)


# -- events ---------------------------------------------------------------------------------------


def take_events(
    world: World, messages: Sequence[Message], source: str, writer: Writer
) -> EventVerdicts:
    """Append the good messages to the log, durably, and return what became of each."""
    named = [
        message if message.get("messageId") else message | {"messageId": writer.message_id(number)}
        for number, message in enumerate(messages)
    ]
    came = judged(world, _batch(named, source, writer))
    why = {refused.position & 0xFFFFF: refused for refused in came.refused}
    kept = [message for number, message in enumerate(named) if number not in why]
    offset = world.log.append([_batch(kept, source, writer)]) if kept else world.log.end()
    results, taken = [], 0
    for number in range(len(named)):
        if number in why:
            said = why[number]
            told = f"{said.reason}; {said.mend}" if said.mend else said.reason
            results.append(EventVerdict(number, "refused", "", said.code, told))
        else:
            results.append(EventVerdict(number, "taken", str((offset << 20) + taken)))
            taken += 1
    return EventVerdicts(offset, False, taken, len(why), tuple(results))


def _batch(messages: Sequence[Message], source: str, writer: Writer) -> Body:
    return Body(source, writer.now, msgspec.json.encode({"batch": messages}))


def retract_event(world: World, position: int, person: PersonId | None, writer: Writer) -> int:
    """Write that an event did not happen and return the offset; facts drop it, the log keeps it."""
    message: Message = {"type": "track", "event": Names.EVENT_RETRACTED}
    message["properties"] = {"position": str(position)}
    return write(world, [_of(person, message) if person else message], writer)

"""What a person may choose on the page that her mails lead to, and how her word is kept.

The page is open to whoever has the link: it shows no address in full, and changes none. What was
chosen stands in the log before `keep` returns; leaving holds at once, for mails on their way too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

from tailorbird import segments
from tailorbird.letters.frequency import DAYS, TRAIT
from tailorbird.letters.given import said_locale
from tailorbird.privacy.permit import LIFTED_BY_REQUEST
from tailorbird.schema import PURPOSES, Body, Instant, PersonId, Purpose
from tailorbird.segments.conditions import OnList
from tailorbird.tracking import events
from tailorbird.world import World

NAMES: Final = ("first_name", "last_name")
"""Traits that she may correct."""
LONGEST_NAME: Final = 100
Unsubscribe: TypeAlias = Callable[[World, bytes, Instant], bool]


class Topic(msgspec.Struct, frozen=True):
    """A list that people may put themselves on: what they call it, by locale."""

    list: str
    words: dict[str, str]
    chosen: bool


class Preferences(msgspec.Struct, frozen=True):
    """What one person has chosen so far, and what there is to choose."""

    person: PersonId
    email: str
    purposes: dict[Purpose, bool]
    topics: tuple[Topic, ...] = ()
    frequency: str = ""
    """One of `frequency.DAYS`, or '': as often as there is something to say."""
    locale: str = ""
    names: dict[str, str] = {}
    resting: bool = False
    """Whether her address came back or complained, so that no word of hers can have us write."""


class Wish(msgspec.Struct, frozen=True):
    """What she wants. Purposes and lists that the page did not show are absent and stay."""

    purposes: dict[Purpose, bool]
    topics: dict[str, bool] = {}
    frequency: str = ""
    locale: str = ""
    names: dict[str, str] = {}


class Wording(msgspec.Struct, frozen=True):
    """The words that she agreed to or refused, by purpose, and the name of their version."""

    version: str
    said: dict[Purpose, str]


def preferences(world: World, send_id: bytes, now: Instant) -> Preferences | None:
    """Return what the person behind a send has chosen; None when nobody is known behind it."""
    decision = world.ledger.decision(send_id)
    if decision is None:
        return None
    person = world.people.survivor(decision.person) or decision.person
    profile = world.people.profiles([person]).get(person)
    state = world.people.consent_states([person]).get(person)
    if profile is None or state is None:
        return None
    said = {name: str(value or "") for name, value in profile.traits.items()}
    granted: dict[Purpose, bool] = {each: each in state.granted for each in PURPOSES}
    granted["email_marketing"] = granted["email_marketing"] and not state.suppressed
    return Preferences(
        person,
        profile.email,
        granted,
        _topics(world, person, now),
        said.get(TRAIT, "") if said.get(TRAIT) in DAYS else "",
        said_locale(profile.traits),
        {name: said.get(name, "") for name in NAMES},
        state.suppressed not in ("", *LIFTED_BY_REQUEST),
    )


def locale_behind(world: World, send_id: bytes) -> str:
    """Return the language of the person behind a send as she or the shop said it, or ''."""
    decision = world.ledger.decision(send_id)
    if decision is None:
        return ""
    person = world.people.survivor(decision.person) or decision.person
    profile = world.people.profiles([person]).get(person)
    return said_locale(profile.traits) if profile else ""


def keep(
    world: World,
    send_id: bytes,
    wish: Wish,
    wording: Wording,
    at: Instant,
    unsubscribe: Unsubscribe,
) -> bool:
    """Have the log say what she wants instead of what was; False when nobody is known behind it.

    `unsubscribe` is what ends mails at once. While earlier words of hers are still being taken in,
    all is said again, so that the latest holds whatever the earlier ones were.
    """
    was = preferences(world, send_id, at)
    if was is None:
        return False
    unsettled = world.people.cursor() < world.log.end()
    purposes: dict[Purpose, bool] = {
        purpose: wanted
        for purpose, wanted in wish.purposes.items()
        if unsettled or was.purposes[purpose] != wanted
    }
    if was.resting:
        purposes.pop("email_marketing", None)
    if purposes.get("email_marketing") is False:
        unsubscribe(world, send_id, at)
        del purposes["email_marketing"]
    elif "email_marketing" in purposes and was.email:
        for reason in LIFTED_BY_REQUEST:
            world.people.lift([was.email], reason, at)
    said = [
        _consented(send_id, was.person, purposes, wording, at),
        _declared(send_id, was, _traits(was, wish, everything=unsettled), at),
        *_listed(send_id, was, wish, at, everything=unsettled),
    ]
    if batch := [event for event in said if event]:
        world.log.append([Body("tracking", at, msgspec.json.encode({"batch": batch}))])
    return True


def wished(was: Preferences, wish: Wish) -> Preferences:
    """Return what holds once a wish is kept, before the log has been taken in."""
    topics = (
        Topic(each.list, each.words, wish.topics.get(each.list, each.chosen)) for each in was.topics
    )
    purposes = was.purposes | wish.purposes
    return msgspec.structs.replace(
        was,
        purposes=purposes,
        topics=tuple(topics),
        frequency=wish.frequency,
        locale=wish.locale or was.locale,
        names=was.names | wish.names,
    )


def _topics(world: World, person: PersonId, now: Instant) -> tuple[Topic, ...]:
    """Return the lists that are offered to everybody, and whether she is on each."""
    offered = {
        each.name: words
        for each in world.definitions.latest("list")
        if (words := segments.list_offered(each.text, f"lists/{each.name}.yaml"))
    }
    asked = [OnList(name) for name in offered]
    holding = segments.holding(world.facts, asked, (), people=[person], as_of=now) if asked else ()
    return tuple(
        Topic(name, words, person in found)
        for (name, words), found in zip(offered.items(), holding, strict=True)
    )


def _consented(
    send_id: bytes,
    person: PersonId,
    purposes: Mapping[Purpose, bool],
    wording: Wording,
    at: Instant,
) -> events.TrackedEvent | None:
    if not purposes:
        return None
    words = "; ".join(f"{each}: {wording.said.get(each, '')}" for each in sorted(purposes))
    claims: dict[str, object] = {
        "wordingVersion": wording.version,
        "evidence": f"mail {send_id.hex()}, preferences page: {words}",
    }
    claims.update(purposes.items())
    return events.preferred_event(send_id, person=person, at=at, consent=claims)


def _declared(
    send_id: bytes, was: Preferences, traits: dict[str, str], at: Instant
) -> events.TrackedEvent | None:
    if not traits:
        return None
    return events.corrected_event(send_id, person=was.person, at=at, traits=traits)


def _traits(was: Preferences, wish: Wish, *, everything: bool) -> dict[str, str]:
    """Return the traits that she changed."""
    wanted: dict[str, str] = {n: _line(wish.names[n]) for n in NAMES if n in wish.names}
    before: dict[str, str] = dict(was.names)
    if wish.frequency in {"", *DAYS}:
        wanted[TRAIT], before[TRAIT] = wish.frequency, was.frequency
    if wish.locale:
        wanted["locale"], before["locale"] = wish.locale, was.locale
    return {name: each for name, each in wanted.items() if everything or each != before[name]}


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME]


def _listed(
    send_id: bytes, was: Preferences, wish: Wish, at: Instant, *, everything: bool
) -> list[events.TrackedEvent]:
    return [
        events.chosen_event(send_id, person=was.person, at=at, topic=each.list, added=wanted)
        for each in was.topics
        if (wanted := wish.topics.get(each.list, each.chosen)) != each.chosen
        or (everything and each.list in wish.topics)
    ]

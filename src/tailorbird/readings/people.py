"""People as the pages list them, and one person's page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

from tailorbird import freshening, learning, letters, profiles, segments
from tailorbird.privacy.permit import Permit, permit
from tailorbird.readings import visits
from tailorbird.schema import PURPOSES, Consent, ConsentState, Instant, PersonId, Profile, Scalar
from tailorbird.segments import Segment
from tailorbird.traits.registry import TRAITS
from tailorbird.views import (
    ConsentLine,
    Identifier,
    PeoplePage,
    PersonReport,
    PersonRow,
    Score,
    Suggestion,
    Trait,
    moment,
)
from tailorbird.views.suppressions import SuppressionRow
from tailorbird.world import World

SUGGESTED: Final = 6
LISTED: Final = ("tier", "orders", "revenue_minor", "last_order_at", "country")
MILLION: Final = 1_000_000
Origin: TypeAlias = Literal["declared", "derived", "score"]

_PAGE = "SELECT person FROM people WHERE person > $1 ORDER BY person LIMIT $2"
_MEMBERS = """
SELECT person FROM membership WHERE segment = $3 AND member AND person > $1
ORDER BY person LIMIT $2
"""
_MEMBER_COUNT = "SELECT COUNT(*) AS total FROM membership WHERE segment = $1 AND member"
_SEGMENTS_OF = "SELECT segment FROM membership WHERE person = $1 AND member ORDER BY segment"
_SCORES_OF = """
SELECT model, version, "at", value FROM scores WHERE person = $1
QUALIFY ROW_NUMBER() OVER (PARTITION BY model ORDER BY version DESC, "at" DESC) = 1
ORDER BY model
"""


# -- lists ---------------------------------------------------------------------------------------


def page(
    world: World, query: str, segment: str, after: str, limit: int, now: Instant
) -> PeoplePage:
    """Return people by number after the cursor, or the one whom the query finds."""
    if query:
        found = world.people.find(query)
        shown = rows(world, [found] if found else [], now)
        return PeoplePage(shown, len(shown))
    start = int(after) if after.isascii() and after.isdigit() else 0
    if segment:
        asked = world.facts.read(_MEMBERS, (start, limit + 1, segment))
        (count,) = world.facts.read(_MEMBER_COUNT, (segment,)).to_pylist()
        total = count["total"]
    else:
        asked = world.facts.read(_PAGE, (start, limit + 1))
        total = world.people.count()
    numbers = asked.column("person").to_pylist()
    shown = rows(world, numbers[:limit], now)
    return PeoplePage(shown, total, str(numbers[limit - 1]) if len(numbers) > limit else "")


def held(world: World, segment: Segment, after: str, limit: int, now: Instant) -> PeoplePage:
    """Return the people of a segment that need not be kept, by number after the cursor."""
    numbers = segments.people(world.facts, segment, as_of=now)
    start = bisect_right(numbers, int(after) if after.isascii() and after.isdigit() else 0)
    asked = numbers[start : start + limit]
    more = start + limit < len(numbers)
    return PeoplePage(rows(world, asked, now), len(numbers), str(asked[-1]) if more else "")


def rows(
    world: World, people: Sequence[PersonId], now: Instant, listed: Sequence[str] = LISTED
) -> tuple[PersonRow, ...]:
    """Return these people as lists show them, in the order given; unknown ones are left out.

    Only the traits `listed` are looked up: each costs time.
    """
    known = world.people.profiles(people)
    table = profiles.table(world.facts, listed, as_of=now, people=people)
    traits = {row["person"]: row for row in table.to_pylist()}
    return tuple(
        _row(known[person], traits.get(person, {})) for person in people if person in known
    )


def _row(profile: Profile, traits: dict[str, Any]) -> PersonRow:
    last = traits.get("last_order_at")
    return PersonRow(
        person=profile.person,
        label=label(profile),
        email=masked(profile.email),
        tier=traits.get("tier") or "",
        country=traits.get("country") or "",
        orders=traits.get("orders") or 0,
        revenue_minor=traits.get("revenue_minor") or 0,
        last_order_at=None if last is None else moment(last),
    )


def label(profile: Profile) -> str:
    """Return the name by which a page calls a person."""
    names = (profile.traits.get("first_name"), profile.traits.get("last_name"))
    return " ".join(str(name) for name in names if name) or f"Person {profile.person}"


def masked(address: str) -> str:
    """Return an address of which only the first letter and the domain are told."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if local else ""


# -- one person ----------------------------------------------------------------------------------


def report(world: World, person: PersonId, now: Instant) -> PersonReport | None:
    """Return one person's page, also under the number of one who was merged into another."""
    found = world.people.survivor(person)
    profile = world.people.profiles([found]).get(found) if found else None
    if profile is None:
        return None
    state = world.people.consent_states([profile.person]).get(profile.person)
    suggested, why = _suggestions(world, profile.person, state, now)
    return PersonReport(
        person=profile.person,
        label=label(profile),
        email=profile.email,
        created_at=moment(profile.created_at),
        suppressed=state.suppressed if state else "",
        traits=_traits(world, profile, now),
        consents=consent_lines(world.people.consents(profile.person)),
        identifiers=_identifiers(world, profile.person),
        suggestions=suggested,
        suggestions_from=why,
        scores=_scores(world, profile.person),
        segments=tuple(
            world.facts.read(_SEGMENTS_OF, (profile.person,)).column("segment").to_pylist()
        ),
        sessions=visits.sessions(world, profile.person, now),
        suppressions=_suppressions(world, profile),
    )


def _suppressions(world: World, profile: Profile) -> tuple[SuppressionRow, ...]:
    said = world.suppressions.said(world.suppressions.key(profile.email)) if profile.email else []
    return tuple(
        SuppressionRow(
            profile.email, word.address_key.hex(), word.reason, word.purpose, moment(word.at),
            word.barred, word.source, word.author, word.note,
        )
        for word in said
    )  # fmt: skip


def _identifiers(world: World, person: PersonId) -> tuple[Identifier, ...]:
    held = world.people.claims([person]).get(person, {})
    return tuple(Identifier(kind, number) for kind, number in sorted(held.items()))


def _traits(world: World, profile: Profile, now: Instant) -> tuple[Trait, ...]:
    names = [name for name, each in TRAITS.items() if not each.needs[0].startswith("trait:")]
    table = profiles.table(world.facts, names, as_of=now, people=[profile.person])
    values: dict[str, Any] = next(iter(table.to_pylist()), {})
    declared = [Trait(name, value, "declared") for name, value in sorted(profile.traits.items())]
    return (*declared, *(_derived(name, values.get(name)) for name in names))


def _derived(name: str, value: Scalar) -> Trait:
    definition = TRAITS[name]
    scored = definition.needs[0].startswith("model:")
    origin: Origin = "score" if scored else "derived"
    note = definition.unit if definition.unit not in ("minor units", "probability") else ""
    if not isinstance(value, int):
        return Trait(name, value, origin, note=note)
    if definition.unit == "minor units":
        return Trait(name, value, origin, "money")
    if definition.type == "instant":
        return Trait(name, moment(value).isoformat(), origin, "instant")
    if definition.unit == "probability":
        return Trait(name, value / MILLION, origin, "share")
    shown = value / MILLION if definition.type == "millionths" else value
    return Trait(name, shown, origin, note=note)


def consent_lines(receipts: Sequence[Consent]) -> tuple[ConsentLine, ...]:
    """Return the latest word on every purpose; of equal instants the later receipt counts."""
    latest: dict[str, Consent] = {}
    for receipt in receipts:
        known = latest.get(receipt.purpose)
        if known is None or receipt.at >= known.at:
            latest[receipt.purpose] = receipt
    return tuple(_line(purpose, latest.get(purpose)) for purpose in PURPOSES)


def _line(purpose: str, receipt: Consent | None) -> ConsentLine:
    if receipt is None:
        return ConsentLine(purpose, "never asked")
    return ConsentLine(
        purpose=purpose,
        state="granted" if receipt.granted else "withdrawn",
        at=moment(receipt.at),
        source=receipt.source,
        wording_version=receipt.wording_version,
    )


def _suggestions(
    world: World, person: PersonId, state: ConsentState | None, now: Instant
) -> tuple[tuple[Suggestion, ...], str]:
    """Return what a mail would recommend now, and who says so."""
    agreed = isinstance(permit(state, person, "personalisation", now), Permit)
    personal = {person} if agreed else set()
    chosen, version = letters.recommendations(world, [person], personal, SUGGESTED, now)
    if not version:
        return (), "No recommender has been trained yet."
    card = learning.card(world, learning.RECOMMENDER)
    whose = "from this person's own history" if agreed else "what is popular: no consent to more"
    why = f" {card.why}" if card else ""
    shown = tuple(
        Suggestion(
            item=each["item"],
            name=each["name"],
            reason=each["reason"],
            score=each["score"],
            price_minor=each["price_minor"],
            image=each["image"],
        )
        for each in chosen.get(person, [])
    )
    return shown, f"Recommender version {version}, {whose}.{why}"


def _scores(world: World, person: PersonId) -> tuple[Score, ...]:
    found = world.facts.read(_SCORES_OF, (person,)).to_pylist()
    return tuple(
        Score(
            row["model"], row["version"], row["value"] / MILLION, moment(row["at"]),
            freshening.unit(world, row["model"], row["version"]),
        )
        for row in found
    )  # fmt: skip

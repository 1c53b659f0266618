"""What a decision keeps of a person for her mail: traits, products, the blocks of its slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tailorbird import content, imputation, journeys, learning
from tailorbird.content.locales import chain
from tailorbird.content.rules_choose import Choice, Circumstances, Shown, choose
from tailorbird.letters import happened
from tailorbird.letters.asking import Answers, Questions, answers, questions
from tailorbird.letters.browsed import CATEGORIES, PRODUCTS, browsed
from tailorbird.letters.candidates import candidates, consents_at
from tailorbird.letters.editions import Edition
from tailorbird.letters.given import (
    BY_CATEGORY,
    EVENT,
    JOURNEY,
    Given,
    StandIns,
    Values,
    complete,
    first_values,
    locale_of,
    stand_ins,
)
from tailorbird.letters.images import image_traits
from tailorbird.letters.limiting import zone_named, zone_of
from tailorbird.letters.picks import Picker, shows_products
from tailorbird.letters.scored import scores
from tailorbird.privacy.permit import permitting
from tailorbird.schema import DAY, ConsentState, Instant, PersonId, Profile
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

TRAITS: Final = (
    "tier", "orders", "recency_days", "revenue_minor", "favourite_item", "favourite_category",
    "country", "purchase_score",
)  # fmt: skip
"""What a decision keeps of a person for any template. No name, no address."""
MISSING: Final = "missing"
"""Begins the reason of who gets no mail because it would print a value that is not there."""
NOTHING: Final[Mapping[PersonId, Values]] = {}
MOST_CATEGORIES: Final = 12
"""Categories of which one mail is given products."""
OF_CATEGORY: Final = 8
"""Products of each."""


class Deciding:
    """What is the same for everybody whom one campaign decides about at one instant."""

    def __init__(self, world: World, edition: Edition, now: Instant) -> None:
        self._world, self._edition, self._now = world, edition, now
        self._questions: Questions = questions(edition)
        chains = [*edition.chains, *(each for slot in edition.slots for each in slot.values)]
        read = {*edition.reads("traits"), *_names(chain.path for chain in chains)}
        read |= {name for slot in edition.slots for name in _names(slot.reads())}
        read |= image_traits(world, edition.reads("images"))
        self._traits = (*TRAITS, *sorted(read - {*TRAITS}))
        self._models = edition.reads("scores")
        self._gaps = edition.gaps
        asked = {path for slot in edition.slots for path in slot.reads()}
        self._told = {EVENT, JOURNEY} & (edition.roots() | asked)
        self._browsed = {CATEGORIES, PRODUCTS} & (edition.roots() | asked)

    @property
    def campaign(self) -> journeys.Campaign:
        """Return the campaign that is decided."""
        return self._edition.campaign

    @property
    def edition(self) -> Edition:
        """Return what its mails are made of."""
        return self._edition

    @property
    def now(self) -> Instant:
        """Return the instant at which it is decided."""
        return self._now

    def given(
        self,
        people: Sequence[PersonId],
        states: Mapping[PersonId, ConsentState],
        profiles: Mapping[PersonId, Profile],
        extra: Mapping[PersonId, Values] = NOTHING,
    ) -> dict[PersonId, Given]:
        """Return what each person's template will be given, and which model said so.

        Who has not agreed to personalisation gets what is popular, no traits, and what the rules
        have for somebody of whom nothing is known.
        """
        world, now = self._world, self._now
        personal = permitting(states, people, "personalisation", now)
        known = self._known(personal)
        picker = self._picker(personal)
        shown = picker.choose(people, self.campaign.recommendations) if picker else {}
        found = answers(world, self._questions, personal, now)
        past = self._past(personal)
        given = {}
        for person in people:
            profile = profiles.get(person) or Profile(person)
            kept = {
                "traits": {},
                **known.get(person, {}),
                "recommendations": shown.get(person, []),
                "personalised": person in known,
                "recommender_version": picker.version if picker else 0,
                "recommended_by": picker.rules if picker else "",
                "edition": self._edition.digest,
                **happened.given_to(extra.get(person, {}), self._told, personal=person in known),
            }
            given[person] = self._one(profile, kept, found, past(person))
        if picker and self._edition.template.asks:
            self._choose_by_category(given, picker)
        return {person: self._complete(each) for person, each in given.items()}

    def _picker(self, personal: Sequence[PersonId]) -> Picker | None:
        """Return what chooses products, None where the mail shows none."""
        if not shows_products(self.campaign, asks=self._edition.template.asks):
            return None
        return Picker(self._world, personal, self._now, self.campaign.recommended_by)

    def _choose_by_category(self, given: Mapping[PersonId, Given], picker: Picker) -> None:
        """Keep the products of the categories that each person's mail asks for."""
        asking: dict[str, list[PersonId]] = {}
        for person, each in given.items():
            told = {**each.values, **NO_URLS}
            categories = () if each.refusal else self._edition.template.categories(told, self._now)
            for category in categories[:MOST_CATEGORIES]:
                asking.setdefault(category, []).append(person)
        for category, people in asking.items():
            for person, products in picker.choose(people, OF_CATEGORY, category).items():
                given[person].kept.setdefault(BY_CATEGORY, {})[category] = products
        for each in given.values():
            each.values[BY_CATEGORY] = each.kept.get(BY_CATEGORY, {})

    def _complete(self, given: Given) -> Given:
        """Return what is given with what is missing, or would be empty."""
        if given.refusal:
            return given
        gaps = self._gaps.find({**given.values, **NO_URLS}, self._now)
        why = f"{MISSING} {gaps.missing[0]}" if gaps.missing else ""
        return replace(given, refusal=why, empty=gaps.empty)

    def candidates(
        self,
        people: Sequence[PersonId],
        given: dict[PersonId, Given] | None = None,
        extra: Mapping[PersonId, Values] | None = None,
    ) -> list[journeys.Candidate]:
        """Return what the decision about each looks at; what she is given is put into `given`.

        `extra` is what whoever proposes it knows of each, and the decision keeps.
        """
        kept = {} if given is None else given

        def give(
            people: Sequence[PersonId],
            states: Mapping[PersonId, ConsentState],
            profiles: Mapping[PersonId, Profile],
        ) -> Mapping[PersonId, Given]:
            kept.update(self.given(people, states, profiles, extra or {}))
            return kept

        return candidates(self._world, self.campaign, people, give, self._now)

    def _known(self, people: Sequence[PersonId]) -> dict[PersonId, Values]:
        """Return traits, marks of what was imputed, and scores of those who agreed to it."""
        world, now = self._world, self._now
        whole = imputation.table(
            world, self._traits, now, people, lambda: learning.trainees(world, now)
        )
        traits = _rows(whole.table, self._traits)
        found: dict[PersonId, Values] = {
            person: {"traits": traits.get(person, {}), **whole.mark(person)} for person in people
        }
        for model in self._models:
            for person, score in scores(world, model, people, now).items():
                found[person].setdefault("scores", {})[model] = score
        if self._browsed:
            for person, looks in browsed(world, people, now, self._browsed).items():
                found[person] |= looks
        return found

    def _past(self, people: Sequence[PersonId]) -> Callable[[PersonId], Shown]:
        """Return what says how often somebody was shown a block, from the ledger."""
        limits = [
            (rule.show, rule.at_most.days)
            for slot in self._edition.slots
            for rule in slot.every_rule()
            if rule.at_most
        ]
        counts = {}
        for days in {days for _, days in limits}:
            blocks = sorted({block for block, each in limits if each == days})
            since = self._now - days * DAY
            found = self._world.ledger.shown(people, blocks, since, self._now)
            counts[days] = found
        return lambda person: lambda block, days: counts[days].get((person, block), 0)

    def _one(self, profile: Profile, kept: Values, found: Answers, past: Shown) -> Given:
        edition, person = self._edition, profile.person
        locale = locale_of(edition, profile)
        own = edition.manifest.shop.locale
        if locale != own:
            kept["locale"] = locale
        if members := found.segments(person):
            kept["segments"] = members
        zone = zone_of(profile)
        if zone and zone != edition.manifest.shop.zone:
            kept["zone"] = zone
        known = first_values(edition, profile, kept)
        locales = chain(locale, own)
        whole = stand_ins(edition.chains, known, members, locales)
        _note(kept, "", whole)
        if whole.ended == "skip":
            return Given(kept, f"{MISSING} {whole.path}")
        zone = str(kept.get("zone") or edition.manifest.shop.zone)
        clock = datetime.fromtimestamp(self._now / 1_000_000, zone_named(zone) or UTC)
        for slot in edition.slots:
            now = Circumstances(found.of_slot(slot.name, person), known, clock, past)
            choice = choose(slot, now)
            local = stand_ins(slot.values, known, members, locales) if choice.block else None
            if local and local.ended == "skip":
                return Given(kept, f"{MISSING} {local.path}")
            _note_choice(kept, slot, choice, local)
        complete(edition, known, kept)
        return Given(kept, values=known)


def given_at(world: World, edition: Edition, profile: Profile, at: Instant) -> Given:
    """Return what one person's template would have been given at an instant, by consents of it."""
    person = profile.person
    states = {person: consents_at(world.people.consents(person), person, at)}
    told = {person: happened.example(world, *edition.manifest.campaign, person, at)}
    return Deciding(world, edition, at).given([person], states, {person: profile}, told)[person]


NO_URLS: Final[Mapping[str, Any]] = {
    "unsubscribe_url": "#",
    "view_url": "#",
    "personalisation_url": "#",
    "preferences_url": "#",
    "forms": {},
    "images": {},
}
"""Stand for the addresses of one send where there is none."""


def _note(kept: Values, slot: str, found: StandIns) -> None:
    """Keep what stands in, and which link of each chain was taken."""
    for path, link in found.taken.items():
        kept.setdefault("fallbacks", {})[f"{slot} {path}".strip()] = link
    if found.defaults and slot:
        kept.setdefault("slot_defaults", {})[slot] = found.defaults
    elif found.defaults:
        kept["defaults"] = found.defaults


def _note_choice(kept: Values, slot: content.Slot, choice: Choice, local: StandIns | None) -> None:
    hidden = local is not None and local.ended == "hide"
    kept.setdefault("slots", {})[slot.name] = "" if hidden else choice.block
    kept.setdefault("rules", {})[slot.name] = choice.rule
    if choice.tired:
        kept.setdefault("tired", {})[slot.name] = list(choice.tired)
    if local is not None:
        _note(kept, slot.name, local)


def _rows(table: pa.Table, names: Sequence[str]) -> dict[PersonId, Values]:
    """Return each person's traits; a row at a time would cost twice as much."""
    columns = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    people = table.column("person").to_pylist()
    return {
        person: dict(zip(names, row, strict=True))
        for person, row in zip(people, columns, strict=True)
    }


def _names(paths: Any) -> set[str]:
    return {path.removeprefix("traits.") for path in paths if path.startswith("traits.")}

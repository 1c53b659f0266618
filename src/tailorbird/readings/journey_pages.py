"""Journeys as lists and pages show them: words from their texts, numbers from the enrolments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tailorbird import authoring, journey_checks, journey_publishing, journeys
from tailorbird.errors import DefinitionError
from tailorbird.journey_publishing import Publication, Standing
from tailorbird.journeys import outline
from tailorbird.journeys.findings import Finding
from tailorbird.letters.campaigns import of_journey
from tailorbird.schema import Definition, Instant
from tailorbird.views.journey_texts import (
    JourneyDraft,
    JourneyFinding,
    JourneyPage,
    JourneyPublished,
    JourneyRow,
    JourneyStep,
    JourneyWay,
    OlderStep,
)
from tailorbird.world import World


def summaries(world: World) -> tuple[JourneyRow, ...]:
    """Return every journey, by name."""
    people: Counter[str] = Counter()
    for place, number in world.enrolments.places().items():
        people[place.journey] += number
    found = sorted(world.definitions.latest("journey"), key=lambda each: each.name)
    return tuple(_row(each, people[each.name]) for each in found)


def page(world: World, name: str) -> JourneyPage | None:
    """Return one journey; None where there is none of this name.

    Raises:
        DefinitionError: its text cannot be read.
    """
    found = world.definitions.get("journey", name)
    if found is None or found.removed:
        return None
    written = journeys.read_journey(found.text, f"journeys/{name}.yaml")
    places = world.enrolments.places()
    here = {
        place.step: people
        for place, people in places.items()
        if (place.journey, place.version) == (name, found.version)
    }
    return JourneyPage(
        name,
        found.version,
        written.journey.mode,
        written.journey.description,
        found.text,
        tuple(outline.head(written.journey)),
        tuple(outline.drawing(written)),
        tuple(_step(each, here) for each in outline.outline(written)),
        older(journey_publishing.where(world, name)),
    )


def check(world: World, text: str, file: str, now: Instant) -> tuple[JourneyFinding, ...]:
    """Return all that is wrong with a text; one that cannot be read has one finding."""
    try:
        written = journeys.read_journey(text, file)
    except DefinitionError as error:
        return (_unreadable(error),)
    found = journey_checks.look(world, written, authoring.standing_segments(world), now)
    return tuple(_finding(each) for each in found)


def draft(world: World, name: str, text: str, now: Instant) -> JourneyDraft:
    """Return a text that is not kept, drawn, with all that is wrong with it."""
    file = f"journeys/{name}.yaml"
    try:
        written = journeys.read_journey(text, file)
    except DefinitionError as error:
        return JourneyDraft((_unreadable(error),))
    found = journey_checks.look(world, written, authoring.standing_segments(world), now)
    standing = journey_publishing.against(world, written.journey, {})
    return JourneyDraft(
        tuple(_finding(each) for each in found),
        written.journey.mode,
        written.journey.description,
        tuple(outline.head(written.journey)),
        tuple(_step(each, {}) for each in outline.outline(written)),
        _older(standing),
    )


def published(told: Publication) -> JourneyPublished:
    """Return what was published, as the API tells it."""
    return JourneyPublished(told.name, told.version, older(told), told.moved)


def older(told: Publication) -> tuple[OlderStep, ...]:
    """Return who stands in older versions."""
    return _older(told.standing)


def _older(standing: Sequence[Standing]) -> tuple[OlderStep, ...]:
    return tuple(
        OlderStep(each.version, each.step, each.people, each.how, each.to) for each in standing
    )


def _row(found: Definition, people: int) -> JourneyRow:
    try:
        journey = of_journey(found)
    except DefinitionError as error:
        return JourneyRow(found.name, found.version, "", "", people, error.sentence())
    return JourneyRow(found.name, found.version, journey.mode, journey.description, people)


def _step(line: outline.Line, here: dict[str, int]) -> JourneyStep:
    ways = tuple(JourneyWay(way.when, way.to) for way in line.ways)
    return JourneyStep(line.step, line.kind, line.words, line.depth, ways, here.get(line.step, 0))


def _unreadable(error: DefinitionError) -> JourneyFinding:
    return JourneyFinding("text", "error", error.where, "", error.what, error.mend)


def _finding(each: Finding) -> JourneyFinding:
    return JourneyFinding(each.code, each.severity, each.where, each.step, each.what, each.mend)

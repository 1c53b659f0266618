"""Names between definitions: which a segment may use, and which definitions name a segment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tailorbird import grouping, segments, yaml_text
from tailorbird.collect import plan
from tailorbird.collect.forms_messages import CONFIRMED, SUBMITTED
from tailorbird.errors import DefinitionError
from tailorbird.learning_texts import LIBRARY, RECOMMENDER
from tailorbird.schema import DefinitionKind
from tailorbird.segments import Segment, analyst
from tailorbird.world import World

if TYPE_CHECKING:
    from tailorbird import journey_conditions

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a segment may be called: campaigns, paths and files name it so."""
RESERVED: Final = frozenset({"convert", "count", "health", "overlap", "preview"})
"""What stands at the place of a name in the addresses of the API."""


class Use(msgspec.Struct, frozen=True):
    """A definition that names a segment, and as what."""

    kind: DefinitionKind
    name: str
    how: str

    def phrase(self) -> str:
        """Return it in words: `campaign win-back (audience)`."""
        return f"{self.kind} {self.name} ({self.how})"


def check_segment(
    world: World, text: str, file: str, standing: Sequence[Segment], name: str | None = None
) -> Segment:
    """Return the segment of a text, every name in it known here; nothing is kept.

    Raises:
        DefinitionError: `file:line`, what is wrong, how to mend it.
    """
    document = segments.document(text, file)
    said = document.value.get("name") if isinstance(document.value, dict) else ""
    here = vocabulary(world, str(said), standing)
    found = segments.of_document(document, vocabulary=here)
    others = [each for each in standing if each.name != found.name]
    grouping.check_sound(world, segments.named(found.condition) - {found.name}, file)
    for each in (found, *others):
        segments.check_depth(each, [*others, found])
    if not NAME.fullmatch(found.name):
        mend = "write a to z, 0 to 9, - and _, at most 63 of them"
        what = f"{found.name[:80]!r} cannot name a segment"
        raise DefinitionError(what, where=document.where(("name",)), mend=mend)
    if found.name in RESERVED:
        what = f"{found.name!r} is an address of the API, which the segment would hide"
        mend = f"call it otherwise, such as {found.name}-segment"
        raise DefinitionError(what, where=document.where(("name",)), mend=mend)
    if name is not None:
        yaml_text.check_name(found.name, name, document.where(("name",)))
    return found


def vocabulary(world: World, name: str, standing: Sequence[Segment]) -> segments.Vocabulary:
    """Return the names that the segment `name` may use here.

    Events and traits are what has happened, what the tracking plan expects and what forms say;
    until anything has happened, any may come. Segments are those that stand, but none that names
    this one; models those that were trained, though one may score nobody yet.
    """
    known = segments.vocabulary(world.facts, {each.name for each in standing} | {name})
    scoring = {*LIBRARY, *(each.name for each in world.definitions.latest("model"))} - {RECOMMENDER}
    planned = world.definitions.get("tracking_plan", plan.NAME)
    expected = frozenset(plan.parse(planned.text).events) if planned else frozenset[str]()
    if world.definitions.latest("form"):
        expected |= {SUBMITTED, CONFIRMED}
    return msgspec.structs.replace(
        known,
        events=known.events | expected,
        complete=bool(known.events),
        models=(known.models or frozenset()) | (scoring & {*world.models.names()}),
        lists=frozenset(each.name for each in world.definitions.latest("list")),
        circles=segments.circles(name, standing),
    )


def uses(world: World, name: str, standing: Sequence[Segment]) -> tuple[Use, ...]:
    """Return the definitions that name a segment, of each kind by name."""
    found = (look(world, name, standing) for look in _LOOKS)
    return tuple(Use(*each) for uses_of_a_kind in found for each in uses_of_a_kind)


_Found: TypeAlias = Iterator[tuple[DefinitionKind, str, str]]
_Look: TypeAlias = Callable[[World, str, Sequence[Segment]], _Found]


def _in_segments(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    for each in standing:
        if name in segments.named(each.condition):
            yield "segment", each.name, "condition"
        elif each.sql and name in analyst.named(each.sql):
            yield "segment", each.name, "sql"


def _in_campaigns(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    from tailorbird import journeys, letters

    for each in world.definitions.latest("campaign"):
        try:
            campaign = journeys.parse(each.text, f"campaigns/{each.name}.yaml")
        except DefinitionError:
            continue  # it is sent to nobody, and its own page says what is wrong with it
        if name in campaign.included:
            yield "campaign", each.name, "audience"
        if name in campaign.exclude:
            yield "campaign", each.name, "excluded"
        if any(name in chain.segments for chain in letters.editions.chains_of(campaign)):
            yield "campaign", each.name, "fallback"


def _in_journeys(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    from tailorbird import journey_conditions, journeys, letters

    for each in world.definitions.latest("journey"):
        try:
            written = journeys.read_journey(each.text, f"journeys/{each.name}.yaml")
        except DefinitionError:
            continue  # it runs for nobody, and its own page says what is wrong with it
        for clause in written.clauses:
            if name in named_in(journey_conditions.read(clause.condition)):
                yield "journey", each.name, f"step {clause.step}" if clause.step else clause.use
        for message in written.journey.messages():
            if any(name in chain.segments for chain in letters.editions.chains_of(message)):
                yield "journey", message.name, "fallback"


def named_in(condition: journey_conditions.Asked) -> frozenset[str]:
    """Return the segments that a condition of a journey names."""
    from tailorbird import journey_conditions

    match condition:
        case journey_conditions.Joined(parts=parts):
            return frozenset[str]().union(*map(named_in, parts))
        case journey_conditions.Known(asked):
            return segments.named(asked)
        case _:
            return frozenset()


def _in_slots(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    from tailorbird import letters

    for each in world.definitions.latest("slot"):
        slot = letters.editions.read_slot(each)
        conditions = [letters.condition(asked, slot.document) for asked in slot.asked]
        if any(name in segments.named(condition) for condition in conditions):
            yield "slot", each.name, "rule"
        if any(name in chain.segments for chain in slot.values):
            yield "slot", each.name, "fallback"


def _in_imputation(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    from tailorbird import imputation

    policies = imputation.policies(world)
    if policies and name in policies.segments():
        yield "imputation", imputation.NAME, "default"


def _in_clusters(world: World, name: str, standing: Sequence[Segment]) -> _Found:
    from tailorbird import clusters

    for wanted in clusters.wanted(world):
        if wanted.among == name:
            yield "clusters", wanted.name, "among"


_LOOKS: Final[tuple[_Look, ...]] = (
    _in_segments,
    _in_campaigns,
    _in_journeys,
    _in_slots,
    _in_imputation,
    _in_clusters,
)
"""Where segments are named: another kind of definition is one function here."""

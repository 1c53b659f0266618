"""Journeys checked against what exists here: events, segments, traits, templates, lists, hooks."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird import journey_conditions, journeys, naming, segments, yaml_text
from tailorbird.world import World


def check_journey(
    world: World,
    text: str,
    file: str,
    standing: Sequence[segments.Segment],
    name: str | None = None,
) -> journeys.Written:
    """Return the journey of a text, every name in it known here; nothing is kept.

    Raises:
        DefinitionError: `file:line`, the step, what is wrong, how to mend it.
    """
    written = journeys.read_journey(text, file)
    if name is not None:
        yaml_text.check_name(written.journey.name, name, written.document.where(("name",)))
    known = naming.vocabulary(world, "", standing)
    for clause in written.clauses:
        journey_conditions.read(clause.condition, written.document, clause.path, known)
    return written

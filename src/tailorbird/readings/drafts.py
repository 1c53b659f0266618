"""A segment's definition while it is edited: figures, forms, versions, words."""

from __future__ import annotations

from itertools import chain
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import yaml

from tailorbird import authoring, naming, segments, yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.readings import definitions
from tailorbird.readings.people import rows
from tailorbird.schema import Instant
from tailorbird.segments.estimate import estimate as estimated
from tailorbird.segments.grammar import FORMS, Form
from tailorbird.segments.operands import PROPERTIES, kind_of_trait
from tailorbird.segments.parse_counts import EVENTS
from tailorbird.segments.reader import WORDS
from tailorbird.traits.registry import TRAITS
from tailorbird.views import moment
from tailorbird.views.definitions import DefinitionVersion
from tailorbird.views.drafts import (
    ConditionForm,
    DraftForms,
    FormKey,
    KnownName,
    LeafFigures,
    Reach,
    SegmentPreview,
    SegmentWords,
)
from tailorbird.world import World

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DRAFT: Final = "draft.yaml"
SAMPLE: Final = 8
MOVED: Final = 4
ASKED_FOR_REACH: Final = 10_000
"""Of a larger segment as many are asked, and the share is told with its error."""
SHARE: Final = 0.02
"""Of all people who are asked for the size that comes first."""
BRIEFLY: Final = ("orders", "last_order_at")
NORMAL_95: Final = 1.959964
_FREE: Final = """
SELECT name FROM (SELECT name, said FROM names WHERE kind = 'property' AND said > 0
    ORDER BY said DESC, name LIMIT 500) ORDER BY name
"""


# -- figures --------------------------------------------------------------------------------------


def preview(world: World, text: str, now: Instant) -> SegmentPreview:
    """Return the exact figures of a definition, and what it would change about the one in force.

    Raises:
        DefinitionError: with the line and the mend. Stopped: nobody waits for it any more.
    """
    among, stands, draft = _read(world, text, now)
    found = segments.dissect(world.facts, draft, among, as_of=now, stands=stands)
    some = [(found.inside, SAMPLE), (found.entered, MOVED), (found.left, MOVED)]
    shown = [[] if people is None else people[:many].tolist() for people, many in some]
    known = {row.person: row for row in rows(world, sorted({*chain(*shown)}), now, BRIEFLY)}
    sample, entering, leaving = (
        tuple(known[person] for person in people if person in known) for people in shown
    )
    return SegmentPreview(
        name=draft.name,
        as_of=moment(now),
        people=found.members,
        low=found.members,
        high=found.members,
        exact=True,
        total=found.people,
        reachable=reach(world, found.inside, now),
        leaves=tuple(LeafFigures(leaf.holds, leaf.without) for leaf in found.leaves),
        stands=stands.version if stands else None,
        entered=None if found.entered is None else len(found.entered),
        left=None if found.left is None else len(found.left),
        sample=sample,
        entering=entering,
        leaving=leaving,
    )


def estimate(world: World, text: str, now: Instant) -> SegmentPreview:
    """Return the size of a definition, of few people exactly, of many with its error.

    Raises:
        DefinitionError: with the line and the mend. Stopped: nobody waits for it any more.
    """
    among, stands, draft = _read(world, text, now)
    found = estimated(world.facts, draft, among, as_of=now, share=SHARE)
    return SegmentPreview(
        draft.name, moment(now), found.people, found.low, found.high, exact=found.exact,
        total=found.of, stands=stands.version if stands else None,
    )  # fmt: skip


def _read(
    world: World, text: str, now: Instant
) -> tuple[list[segments.Segment], segments.Segment | None, segments.Segment]:
    """Return the other segments that can be counted, the version in force, and the draft itself."""
    standing = authoring.standing_segments(world, now)
    draft = naming.check_segment(world, text, DRAFT, standing)
    others = [each for each in standing if each.name != draft.name]
    stands = next((each for each in standing if each.name == draft.name), None)
    return others, stands, draft


def reach(world: World, people: npt.NDArray[np.int64], now: Instant) -> Reach:
    """Return how many of these may be written to now."""
    step = -(-len(people) // ASKED_FOR_REACH) or 1
    asked = people[::step].tolist()
    states = world.people.consent_states(asked)
    reached = sum(
        state.has_address and isinstance(permit(state, person, "email_marketing", now), Permit)
        for person, state in states.items()
    )
    if step == 1:
        return Reach(reached, reached, reached, exact=True)
    share = reached / len(asked)
    finite = sqrt(1 - len(asked) / len(people))
    error = NORMAL_95 * finite * sqrt(max(share * (1 - share), 1 / len(asked)) / len(asked))
    low, high = max(share - error, 0), min(share + error, 1)
    whole = len(people)
    return Reach(round(share * whole), int(low * whole), int(high * whole + 1), exact=False)


# -- two forms ------------------------------------------------------------------------------------


def of_text(text: str) -> DraftForms:
    """Return the tree of a definition that is right, spelt as we write it.

    Raises:
        DefinitionError: with the line and the mend.
    """
    written = yaml.safe_load(segments.write(segments.parse(text, DRAFT)))
    return DraftForms(text, written, _lines(text))


def of_tree(tree: dict[str, Any]) -> DraftForms:
    """Return the text of a tree, and what is wrong with it, if anything."""
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
    try:
        segments.parse(text, DRAFT)
    except DefinitionError as error:
        _, _, place = error.where.partition(":")
        line, _, column = place.partition(":")
        return DraftForms(
            text, tree, _lines(text), error.what, error.mend, int(line or 0), int(column or 0)
        )
    return DraftForms(text, tree, _lines(text))


def _lines(text: str) -> tuple[int, ...]:
    """Return the line of every leaf, from the first to the last."""
    try:
        document = yaml_text.read(text, DRAFT)
    except DefinitionError:
        return ()
    if not isinstance(document.value, dict):
        return ()
    return tuple(
        document.lines.get(path, 0) for path in _leaves(document.value.get("where"), ("where",))
    )


def _leaves(value: Any, path: yaml_text.Path) -> list[yaml_text.Path]:
    if isinstance(value, dict):
        for key in ("all", "any"):
            if isinstance(value.get(key), list):
                inside = enumerate(value[key])
                return [leaf for n, each in inside for leaf in _leaves(each, (*path, key, n))]
        if isinstance(value.get("not"), dict):
            return _leaves(value["not"], (*path, "not"))
    return [path]


# -- versions and words ---------------------------------------------------------------------------


def versions(world: World, name: str) -> tuple[DefinitionVersion, ...] | None:
    """Return the versions of a segment, the newest first; None where there is no such segment."""
    return definitions.versions(world, "segment", name)


def words(world: World) -> SegmentWords:
    """Return every name that a condition may use here."""
    known = naming.vocabulary(world, "", authoring.standing_segments(world))
    free = world.facts.read(_FREE)["name"].to_pylist()
    computed = [
        KnownName(name, kind_of_trait(name), _note(each.unit, each.description), computed=True)
        for name, each in TRAITS.items()
    ]
    declared = [KnownName(name) for name in sorted(known.traits - TRAITS.keys())]
    return SegmentWords(
        forms=tuple(map(_form, FORMS)),
        comparisons=tuple(WORDS),
        events=tuple(sorted(EVENTS | known.events)),
        properties=(
            *(KnownName(name, kind, computed=True) for name, kind in PROPERTIES.items()),
            *(KnownName(name) for name in free if name not in PROPERTIES),
        ),
        traits=(*computed, *declared),
        segments=tuple(sorted(known.segments - {""})),
        lists=tuple(sorted(known.lists or ())),
        models=tuple(sorted(known.models or ())),
    )


def _note(unit: str, description: str) -> str:
    return f"{description} ({unit})" if unit else description


def _form(form: Form) -> ConditionForm:
    keys = tuple(FormKey(key, shape) for key, shape in form.keys.items())
    return ConditionForm(form.word, keys, form.needs, form.one_of, form.compared)

"""Kept segments that this version refuses stand with the members that they had, marked as broken.

Whatever rests on one is broken by the same reason: nobody is asked about it on stale knowledge. All
others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tailorbird.errors import DefinitionError
from tailorbird.segments import analyst
from tailorbird.segments.conditions import Broken, Segment, named, worked_out
from tailorbird.segments.meaning import member, resolved
from tailorbird.segments.schedule import LIVE


def unreadable(name: str, version: int, error: DefinitionError) -> Segment:
    """Return what stands for a segment whose text is refused."""
    broken = Broken(name, error.what, error.where, error.mend)
    return Segment(name, worked_out(name), version=version, broken=broken)


def marked(standing: Sequence[Segment]) -> list[Segment]:
    """Return these segments, each marked that cannot be asked: as it is, or by what it rests on.

    >>> from tailorbird.segments.conditions import InSegment
    >>> odd = unreadable("odd", 1, DefinitionError("'many' is no number", where="odd.yaml:2"))
    >>> [each.broken.segment for each in marked([Segment("rests", InSegment("odd")), odd])]
    ['odd', 'odd']
    """
    library = {each.name: each for each in standing}
    while found := {
        each.name: fault
        for each in library.values()
        if each.broken is None and (fault := _fault(each, library)) is not None
    }:
        library |= {name: replace(library[name], broken=fault) for name, fault in found.items()}
    return list(library.values())


def sound(standing: Sequence[Segment]) -> list[Segment]:
    """Return those of these segments that can be asked."""
    return [each for each in standing if each.broken is None]


def _fault(segment: Segment, library: Mapping[str, Segment]) -> Broken | None:
    """Return why a segment cannot be asked; None where it can."""
    names = analyst.named(segment.sql) if segment.sql else named(segment.condition)
    for name in sorted(names & library.keys()):
        if broken := library[name].broken:
            return broken
    try:
        member(resolved(replace(segment, refresh=LIVE), list(library.values())))
    except DefinitionError as error:
        file = f"segments/{segment.name}.yaml"
        where = file if error.where in ("", segment.name) else error.where
        return Broken(segment.name, error.what, where, error.mend)
    return None

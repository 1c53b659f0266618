"""How segments overlap, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailorbird.cli.output import table

if TYPE_CHECKING:
    from tailorbird.views.overlaps import SegmentOverlap


def overlap_lines(found: SegmentOverlap) -> list[str]:
    """Return sizes, pairs and combinations as lines."""
    sizes = [(size.segment, size.people) for size in found.sizes]
    pairs = [(p.one, p.two, p.people, f"{p.jaccard:.1%}") for p in found.pairs]
    exact = [(" + ".join(each.segments), each.people) for each in found.combinations]
    lines = [
        *table(("segment", "people"), sizes),
        "",
        *table(("one", "two", "in both", "of either"), pairs),
        "",
        *table(("in exactly", "people"), exact),
    ]
    if found.left_out:
        lines.append(
            f"and {found.left_out:,} smaller combinations with {found.left_out_people:,} people"
        )
    return lines

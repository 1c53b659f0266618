"""`tailorbird segments count-privately`: how many people, hiding every single one of them."""

from __future__ import annotations

from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, SegmentName, opened
from tailorbird.cli.output import emit, table

Epsilon = Annotated[float, typer.Option(help="How much privacy this count may cost.")]
By = Annotated[str, typer.Option(help="A trait that tells groups apart.")]
Values = Annotated[str, typer.Option(help="The values of the trait that are counted: GB,FR.")]


def count_privately(
    name: SegmentName,
    epsilon: Epsilon = 0.1,
    by: By = "",
    values: Values = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Count a segment's people with noise that hides every single one, for telling others.

    It is paid for from the year's budget, the setting `privacy.epsilon_per_year`.
    """
    from tailorbird import auditing

    asked = [each.strip() for each in values.split(",") if each.strip()]
    with opened(folder) as tb:
        found = auditing.count_privately(
            tb.world, name, tb.clock(), epsilon=epsilon, by=by, values=asked
        )
    lines = [
        *table((by or "segment", "people"), [(each.group, each.people) for each in found.groups]),
        f"each within {found.within:,.0f} of the truth in 95 of 100 cases",
        f"epsilon {found.epsilon:g} spent; {found.left:g} is left for counts this year",
    ]
    emit(found, lines, as_json=as_json)

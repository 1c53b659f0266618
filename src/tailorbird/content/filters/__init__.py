"""Filters: the functions that a template puts values through.

Adding one is a function in one of the modules here and a line in that module's table.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from tailorbird.content.filters.arrays import ARRAYS
from tailorbird.content.filters.dates import DATES
from tailorbird.content.filters.digests import DIGESTS
from tailorbird.content.filters.maths import MATHS
from tailorbird.content.filters.money import MONEY
from tailorbird.content.filters.register import Filter
from tailorbird.content.filters.spoken import SPOKEN
from tailorbird.content.filters.texts import TEXTS
from tailorbird.content.tree import Place
from tailorbird.errors import TemplateError

__all__ = ["FILTERS", "SAFE_FILTERS", "Filter", "check_filter"]

FILTERS: Mapping[str, Filter] = {
    **TEXTS,
    **ARRAYS,
    **MATHS,
    **DATES,
    **MONEY,
    **SPOKEN,
    **DIGESTS,
}
SAFE_FILTERS = frozenset({"escape", "h", "escape_once", "url_encode"})
"""Filters whose result needs no further escaping in HTML."""


def check_filter(name: str, given: int, named: Sequence[str], place: Place) -> None:
    """Check a filter's name and arguments at compile time.

    Raises:
        TemplateError: there is no such filter, or it does not take these arguments.
    """
    found = FILTERS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, FILTERS, n=1)
        mend = f"did you mean {near[0]!r}?" if near else "see the reference of filters"
        raise TemplateError(f"unknown filter {name!r}", where=str(place), mend=mend)
    for key in named:
        if key not in found.named:
            allowed = f"it takes {', '.join(found.named)}" if found.named else "it takes none"
            raise TemplateError(
                f"filter {name!r} has no argument named {key!r}", where=str(place), mend=allowed
            )
    if not found.least <= given <= found.most:
        wanted = str(found.least) if found.least == found.most else f"{found.least} to {found.most}"
        raise TemplateError(
            f"filter {name!r} takes {wanted} arguments, got {given}",
            where=str(place),
            mend="arguments stand behind a colon, separated by commas",
        )

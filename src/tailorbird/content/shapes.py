"""What a template may be given: names, what each holds, and of which kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["text", "number", "truth", "instant", "list", "mapping", "any"]
"""`instant`: a date and time in ISO 8601. `any`: nobody can say."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The kind of a value; of a mapping its fields (None: any may be there), of a list its element.

    `said`: what it is, for messages: `a number of orders`.
    """

    kind: Kind
    fields: Mapping[str, Shape] | None = None
    element: Shape | None = None
    said: str = ""


ANY: Final = Shape("any")
TEXT: Final = Shape("text")
NUMBER: Final = Shape("number")
TRUTH: Final = Shape("truth")
INSTANT: Final = Shape("instant")
LOOP: Final = Shape(
    "mapping",
    {
        **dict.fromkeys(("index", "index0", "rindex", "rindex0", "length"), NUMBER),
        **dict.fromkeys(("first", "last"), TRUTH),
        **dict.fromkeys(("col", "col0", "row"), NUMBER),
        **dict.fromkeys(("col_first", "col_last"), TRUTH),
        "name": TEXT,
        "parentloop": ANY,
    },
)


def mapping(fields: Mapping[str, Shape]) -> Shape:
    """Return a mapping with these fields and no others."""
    return Shape("mapping", fields)


def list_of(element: Shape) -> Shape:
    """Return a list of such elements."""
    return Shape("list", element=element)

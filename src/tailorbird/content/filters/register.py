"""What the compiler must know of a filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter's function and what it may be given behind its value.

    `wants`: the function also takes the instant of rendering or the template's data, first.
    """

    function: Callable[..., object]
    least: int = 0
    most: int = 0
    named: tuple[str, ...] = ()
    wants: Literal["", "now", "data"] = ""

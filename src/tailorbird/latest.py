"""The latest value of a few costly things, made anew only when what it rests on has moved."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

Made = TypeVar("Made")


class Latest:
    """Keeps one value under each name, with the stamp of what it was made from.

    Threads may ask at once: each gets a value of its own stamp, and the last one made is kept.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def of(self, name: str, stamp: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is kept under a name if its stamp is still this one, else what is made now.

        >>> latest = Latest()
        >>> latest.of("stock", 1, lambda: ["tea"]), latest.of("stock", 1, lambda: ["cups"])
        (['tea'], ['tea'])
        """
        found = self._kept.get(name)
        if found is not None and found[0] == stamp:
            return cast("Made", found[1])
        made = make()
        self._kept[name] = (stamp, made)
        return made

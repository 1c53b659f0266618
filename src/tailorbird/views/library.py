"""What templates are put together from: the blocks that they call, the texts of each locale."""

from __future__ import annotations

import msgspec


class BlockRow(msgspec.Struct, frozen=True):
    """A block in force, by what its `doc` tag says of it.

    Without what it `needs` it shows nothing; `takes` are the values that a call may give.
    """

    name: str
    version: int
    title: str
    purpose: str = ""
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    example: str = ""
    trouble: str = ""
    """Why its description cannot be read."""


class TextsRow(msgspec.Struct, frozen=True):
    """The texts of one locale. `lacking` are the names that only other locales have."""

    locale: str
    version: int
    texts: dict[str, str]
    lacking: tuple[str, ...] = ()
    trouble: str = ""

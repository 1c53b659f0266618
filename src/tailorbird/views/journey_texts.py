"""Journeys as the pages and the API show them: their texts in words, and who is where."""

from __future__ import annotations

import msgspec


class JourneyRow(msgspec.Struct, frozen=True):
    """A journey as lists show it; `fault` says why its text cannot be read."""

    name: str
    version: int
    mode: str
    description: str
    people: int
    """Who is in it now, in any version."""
    fault: str = ""


class JourneyWay(msgspec.Struct, frozen=True):
    """A way out of a step: when it is taken, and to where; '' is the end."""

    when: str
    to: str


class JourneyStep(msgspec.Struct, frozen=True):
    """A step in words, as deep as it is nested in its file; `people` are at it now."""

    step: str
    kind: str
    words: str
    depth: int
    ways: tuple[JourneyWay, ...]
    people: int


class OlderStep(msgspec.Struct, frozen=True):
    """People at a step of an older version; `to` is where they would go on in the present one."""

    version: int
    step: str
    people: int
    how: str
    """`same`, `changed` or `removed`."""
    to: str


class JourneyPage(msgspec.Struct, frozen=True):
    """A journey with its graph in words."""

    name: str
    version: int
    mode: str
    description: str
    text: str
    head: tuple[str, ...]
    """What starts it, who enters and leaves, a sentence each."""
    drawing: tuple[str, ...]
    steps: tuple[JourneyStep, ...]
    older: tuple[OlderStep, ...]


class JourneyFinding(msgspec.Struct, frozen=True):
    """One thing that is wrong with a text: in which step, on which line, and how to mend it."""

    code: str
    severity: str
    where: str
    step: str
    what: str
    mend: str


class JourneyDraft(msgspec.Struct, frozen=True):
    """A text that is not kept: what is wrong with it, its graph in words, and who stands where.

    One that cannot be read has one finding, and nothing else. `standing` says of the people in it
    now where they would go on, were they brought to this text.
    """

    findings: tuple[JourneyFinding, ...]
    mode: str = ""
    description: str = ""
    head: tuple[str, ...] = ()
    steps: tuple[JourneyStep, ...] = ()
    standing: tuple[OlderStep, ...] = ()


class JourneyText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A journey's text in YAML, and who puts it, why."""

    text: str
    author: str = ""
    reason: str = ""


class JourneyMoves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of people in older versions: `map` says where those at removed steps go on."""

    move: bool = False
    map: dict[str, str] = {}
    author: str = ""
    reason: str = ""


class JourneyRemoval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the way of those who are in a journey ends; and who removes it, why."""

    end: bool = False
    author: str = ""
    reason: str = ""


class JourneyRemoved(msgspec.Struct, frozen=True):
    """A journey that is no more, the version that was in force, and whose ways were ended."""

    name: str
    version: int
    ended: int


class JourneyPublished(msgspec.Struct, frozen=True):
    """The version that is in force now, who stands in older ones, and how many were moved."""

    name: str
    version: int
    older: tuple[OlderStep, ...]
    moved: int = 0

"""Lists of groups as authors write them in YAML: plain, by RFM, or by points of engagement.

name: loyalty
description: By the orders of the last 365 days
groups:                          # the first that fits
  - name: gold
    where: {trait: orders_365d, more_than: 12}
  - name: silver
    where: {trait: orders_365d, at_least: 5}
rest: none                       # who fits none; `rest` when left out
recalculate: monthly             # also keep who was what then, as the trait tier_loyalty

name: rfm
rfm: {every: 30d}                # thresholds are taken anew so often

name: activity
engagement:
  - part: recency                # of its steps that hold, the one with most points counts
    steps:
      - points: 40
        where: {did: session_started, within: 7d}
levels:                          # by the points of all parts
  - {name: highly, at_least: 60}
rest: dormant
"""

from __future__ import annotations

import re
from typing import Any as Anything
from typing import Final

import msgspec

from tailorbird import durations, yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY
from tailorbird.segments import rfm
from tailorbird.segments.engagement import Engagement, Level, Part, Step
from tailorbird.segments.groups import Group, Groups
from tailorbird.segments.parse import condition
from tailorbird.segments.rfm import Rfm
from tailorbird.yaml_text import Document, Path

CALENDAR: Final = ("daily", "weekly", "monthly", "yearly")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MOST_GROUPS: Final = 30
MOST_PARTS: Final = 5
MOST_STEPS: Final = 12


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    where: Anything
    description: str = ""


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    points: int
    where: Anything


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: str
    steps: tuple[_Step, ...]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, as it is written."""

    name: str
    description: str = ""
    groups: tuple[_Group, ...] = ()
    rfm: Rfm | None = None
    engagement: tuple[_Part, ...] = ()
    levels: tuple[Level, ...] = ()
    rest: str = ""
    recalculate: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A list of groups as its author wrote it. Exactly one of the three kinds is set."""

    name: str
    description: str
    version: int
    plain: Groups | None = None
    rfm: Rfm | None = None
    engagement: Engagement | None = None
    recalculate: str = ""
    """How often it is kept who was in which group: `monthly` and alike, `30d`, or never."""


def parse_groups(text: str, file: str, *, version: int = 0) -> Listed:
    """Return the list of groups that a YAML text defines; `file` is its file, for errors.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, file, columns=True)
    written = yaml_text.convert(document, _Written)
    _check(document, written)
    if written.rfm:
        rfm.check(written.rfm, document.where(("rfm",)))
    return Listed(
        written.name,
        written.description,
        version,
        _plain(document, written, version) if written.groups else None,
        written.rfm,
        _engagement(document, written) if written.engagement else None,
        written.recalculate,
    )


def _check(document: Document, written: _Written) -> None:
    kinds = [bool(written.groups), written.rfm is not None, bool(written.engagement)]
    if sum(kinds) != 1:
        what = "a list is made of groups, of rfm, or of engagement"
        _refuse(document, (), what, "write one of `groups:`, `rfm:`, `engagement:`")
    if bool(written.engagement) != bool(written.levels):
        _refuse(document, ("levels",), "`engagement` and `levels` go together", "write both")
    if written.rest and written.rfm:
        _refuse(document, ("rest",), f"the rest of rfm is {rfm.REST!r}", "remove `rest`")
    _name(document, ("name",), written.name)
    _name(document, ("rest",), written.rest or "rest")
    lengths = [("recalculate", written.recalculate)]
    lengths += [("rfm", written.rfm.every)] if written.rfm else []
    for key, length in lengths:
        if length and length not in CALENDAR and (durations.read(length) or 0) < DAY:
            mend = f"write {', '.join(CALENDAR)}, or a length such as 30d"
            _refuse(document, (key,), f"{length!r} is no time between calculations", mend)


def _plain(document: Document, written: _Written, version: int) -> Groups:
    if len(written.groups) > MOST_GROUPS:
        what = f"{len(written.groups)} groups"
        _refuse(document, ("groups",), what, f"write {MOST_GROUPS} at most")
    rest = written.rest or "rest"
    _distinct(document, "groups", [*(each.name for each in written.groups), rest])
    groups = []
    for at, each in enumerate(written.groups):
        path: Path = ("groups", at, "where")
        asked = condition(each.where, yaml_text.part(document, path, each.where))
        groups.append(Group(each.name, asked, each.description))
    return Groups(written.name, tuple(groups), rest, written.description, version)


def _engagement(document: Document, written: _Written) -> Engagement:
    rest = written.rest or "dormant"
    _distinct(document, "levels", [*(each.name for each in written.levels), rest])
    _distinct(document, "engagement", [each.part for each in written.engagement])
    if any(each.part in ("person", "points", "level") for each in written.engagement):
        _refuse(document, ("engagement",), "a part has a name of ours", "name it otherwise")
    points = [level.at_least for level in written.levels]
    if points != sorted(set(points), reverse=True) or points[-1] < 1:
        _refuse(document, ("levels",), "the levels do not fall", "write the highest first")
    steps = sum(len(each.steps) for each in written.engagement)
    if steps > MOST_STEPS or len(written.engagement) > MOST_PARTS:
        what = f"{len(written.engagement)} parts with {steps} steps"
        mend = f"write {MOST_PARTS} parts and {MOST_STEPS} steps at most"
        _refuse(document, ("engagement",), what, mend)
    parts = tuple(_part(document, at, each) for at, each in enumerate(written.engagement))
    if (most := sum(max(step.points for step in part.steps) for part in parts)) < points[0]:
        mend = f"all parts together give {most}"
        _refuse(document, ("levels", 0), f"nobody can reach {points[0]} points", mend)
    return Engagement(parts, written.levels, rest)


def _part(document: Document, at: int, part: _Part) -> Part:
    steps = []
    if not part.steps:
        _refuse(document, ("engagement", at), f"{part.part!r} has no steps", "add one")
    for number, step in enumerate(part.steps):
        path: Path = ("engagement", at, "steps", number)
        if step.points < 1:
            _refuse(document, (*path, "points"), "a step gives points", "write 1 or more")
        path = (*path, "where")
        asked = condition(step.where, yaml_text.part(document, path, step.where))
        steps.append(Step(step.points, asked))
    return Part(part.part, tuple(steps))


def _distinct(document: Document, key: str, names: list[str]) -> None:
    for at, name in enumerate(names):
        _name(document, (key, at), name)
        if name in names[:at]:
            _refuse(document, (key, at), f"{name!r} stands twice", "give each its own name")


def _name(document: Document, path: Path, name: str) -> None:
    if not NAME.fullmatch(name):
        mend = "use lower-case letters, digits, _ and -"
        _refuse(document, path, f"{name!r} cannot be a name", mend)


def _refuse(document: Document, path: Path, what: str, mend: str) -> None:
    raise DefinitionError(what, where=document.where(path), mend=mend)

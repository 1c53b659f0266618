"""How plans are printed: texts as diffs, people and mails as sentences, faults one a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from tailorbird.as_code import AudienceChange, DefinitionPlan, Example, SendOutlook
    from tailorbird.views.definitions import KeptTogether

_COLOURS: Final = (("+++", ""), ("---", ""), ("@@", "cyan"), ("+", "green"), ("-", "red"))
_MOST_LOADS: Final = 6


def plan_lines(found: DefinitionPlan) -> list[str]:
    """Return a plan as lines; faults come last, where a terminal ends."""
    if found.faults:
        return [*diff_lines(found), *(each.sentence() for each in found.faults)]
    if not (found.changes or found.extras or found.settings):
        return ["nothing to do: the files are what stands"]
    return [*diff_lines(found), *_people(found), *_mails(found), *_rest(found)]


def diff_lines(found: DefinitionPlan) -> list[str]:
    """Return the diffs of a plan, coloured on a terminal."""
    diffs = [*(change.diff for change in found.changes), found.settings]
    return [coloured(line) for each in diffs for line in each.splitlines()]


def coloured(line: str) -> str:
    """Return a line of a diff in its colour, where there are colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return line
    colour = next((name for start, name in _COLOURS if line.startswith(start)), "")
    return typer.style(line, fg=colour or None, bold=not colour and line[:3] in ("+++", "---"))


def kept_lines(kept: KeptTogether) -> list[str]:
    """Return what was kept together, as lines."""
    if not kept.number:
        return ["nothing to do: the files are what stands"]
    done = [each for each in kept.definitions if each.version != each.before]
    back = f"; take it back with `tailorbird rollback --apply {kept.number}`"
    many = "change" if len(done) == 1 else "changes"
    head = f"{kept.how} {kept.number}: {len(done)} {many} by {kept.author}: {kept.reason}{back}"
    return [
        head,
        *(f"  {e.kind} {e.name}: version {e.before} -> {e.version}" for e in done),
        *_notes(kept.notes),
    ]


def _notes(notes: Sequence[str]) -> Iterator[str]:
    return (f"note: {each}" for each in notes)


def _people(found: DefinitionPlan) -> Iterator[str]:
    if found.audiences:
        yield ""
    for each in found.audiences:
        week = " set off in the past week" if each.kind == "journey" else ""
        yield f"{each.kind} {each.name}: {_sizes(each)}{week}"
        yield from _examples("enters", each.enter)
        yield from _examples("leaves", each.leave)


def _sizes(each: AudienceChange) -> str:
    if each.trouble:
        return f"cannot be counted: {each.trouble}"
    if each.before is None:
        return f"new, {each.after or 0:,} people"
    if each.after is None:
        return f"no more, {each.before:,} people leave"
    if not (each.entering or each.leaving):
        return f"the same {each.after:,} people"
    sizes = f"{each.before:,} -> {each.after:,} people"
    return f"{sizes}, +{each.entering:,} / -{each.leaving:,}"


def _examples(how: str, people: Sequence[Example]) -> Iterator[str]:
    for each in (each for each in people if each.why):
        yield f"  {how}: person {each.person}, since {', and '.join(each.why)}"
    if rest := [str(each.person) for each in people if not each.why]:
        yield f"  {how}: {'also ' if len(rest) < len(people) else ''}{', '.join(rest)}, for example"


def _mails(found: DefinitionPlan) -> Iterator[str]:
    for each in found.sends:
        yield ""
        if each.trouble:
            yield f"campaign {each.campaign} cannot be sent: {each.trouble}"
            continue
        yield from _mail(each)


def _mail(each: SendOutlook) -> Iterator[str]:
    about = "about " if each.judged < each.audience else ""
    whom = "set off in the past week" if "/" in each.campaign else "in its audience"
    mails = f"{about}{each.send:,} mails to {each.audience:,} people {whom}"
    yield f"campaign {each.campaign}, sent once now: {mails}, {each.holdout:,} held out"
    if each.this_week is None:
        yield "  this week: none by itself; it is sent by hand"
    else:
        yield f"  this week: {'at most ' if '/' in each.campaign else ''}{each.this_week:,} mails"
    for why, people in each.refused.items():
        yield f"  blocked: {people:,} by {why.replace('_', ' ')}"
    for what, people in each.missing.items():
        yield f"  missing: {what} for {people:,}, who get none"
    for load in each.loads[:_MOST_LOADS]:
        yield f"  load: {load.domain} to {load.provider}, {load.mails:,} mails in {load.hours:g} h"


def _rest(found: DefinitionPlan) -> Iterator[str]:
    yield ""
    for change in found.moved:
        if by := change.moved:
            yield (
                f"{change.path} would take back version {by.version} by {by.author or 'nobody'}"
                f"{': ' if by.reason else ''}{by.reason}; pull it first, or apply --overwrite"
            )
    for change in found.ending:
        yield (
            f"{change.people:,} people are in journey {change.name}, which would be removed: "
            f"apply --end ends their way"
        )
    if found.extras:
        yield f"{len(found.extras)} in force and in no file (apply --prune removes them):"
        yield from (f"  {each.kind} {each.name}, version {each.version}" for each in found.extras)
    yield from _notes(found.notes)
    done = [change.what for change in found.changes]
    if found.settings:
        yield "the settings change, from the next start on"
    yield ", ".join(f"{done.count(what)} to {what}" for what in ("add", "change", "remove"))
    yield f"this plan is {found.digest}"

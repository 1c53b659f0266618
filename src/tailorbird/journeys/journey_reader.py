"""Reads the parts that journeys are written of, and refuses with the line, the step and a mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any as Anything
from typing import Final, NoReturn, TypeAlias

from tailorbird import durations
from tailorbird.errors import DefinitionError
from tailorbird.journeys.journey import Condition, StepId
from tailorbird.schema import SECOND, Instant
from tailorbird.yaml_text import Document, Path, nearest

Keyed: TypeAlias = Mapping[str, Anything]

CONDITIONS: Final = ("segment", "is", "event", "all", "any", "not")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEEPEST: Final = 12
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition as it stands in a journey's file: of which step, as what, and where."""

    step: StepId
    """'' for those of the journey itself."""
    use: str
    """`who`, `exit_when`, `skip_ahead`, `wait_for`, `if`, `trigger` or `goal`."""
    path: Path
    condition: Condition


@dataclass(slots=True)
class Reader:
    """A journey's file being read, and what was found in it so far."""

    document: Document
    step: StepId = ""
    """The step being read, for errors."""
    places: dict[StepId, Path] = field(default_factory=dict)
    clauses: list[Clause] = field(default_factory=list)

    def refuse(self, what: str, path: Path, mend: str) -> NoReturn:
        """Raise the error that tells what is wrong, on which line, in which step, and the mend."""
        told = f"step {self.step}: {what}" if self.step else what
        raise DefinitionError(told, where=self.document.where(path), mend=mend)

    def mapping(self, value: Anything, path: Path, keys: tuple[str, ...]) -> Keyed:
        """Return the mapping; any key but these is refused. YAML reads a bare `on` as true."""
        if not isinstance(value, Mapping):
            self.refuse("a mapping is needed", path, f"with the keys {', '.join(keys)}")
        named = {"on" if key is True else str(key): each for key, each in value.items()}
        for key in named:
            if key not in keys:
                self.refuse(f"unknown key {key[:80]!r}", (*path, key), nearest(key, list(keys)))
        return named

    def word(self, value: Anything, path: Path, noun: str) -> str:
        """Return a name that others refer to."""
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            mend = "write a to z, 0 to 9, - and _, at most 63 of them"
            self.refuse(f"{str(value)[:80]!r} cannot name {noun}", path, mend)
        return value

    def text(self, value: Anything, path: Path, noun: str, most: int = 200) -> str:
        """Return a text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"{noun} is text", path, "write it, in quotes if it looks like a number")
        if len(value) > most:
            self.refuse(f"{noun} is too long", path, f"at most {most} characters")
        return value

    def flag(self, value: Keyed, key: str, path: Path) -> bool:
        """Return what stands under a key, false where nothing does."""
        found = value.get(key, False)
        if not isinstance(found, bool):
            self.refuse(f"{key!r} takes true or false", (*path, key), f"write `{key}: true`")
        return found

    def number(self, value: Keyed, key: str, path: Path, least: int, most: int, left: int) -> int:
        """Return the whole number under a key, `left` where it is left out."""
        found = value.get(key, left)
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            mend = f"from {least} to {most}"
            self.refuse(f"{key!r} takes a whole number", (*path, key), mend)
        return found

    def duration(self, value: Anything, path: Path) -> int:
        """Return a length of time in microseconds; more than none."""
        length = durations.read(str(value))
        if not length:
            what = f"{str(value)[:80]!r} is no length of time"
            self.refuse(what, path, "write `45s`, `30m`, `24h`, `7d` or `2w`")
        if length > durations.LONGEST:
            self.refuse(f"{value!r} is too long", path, "stay below 100 years")
        return length

    def minute(self, value: Anything, path: Path) -> int:
        """Return the minute of a local day."""
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            meant = "09:00"
            if isinstance(value, int) and 60 <= value < _DAY_MINUTES:  # YAML reads 18:30 as 1110
                meant = f"{value // 60:02}:{value % 60:02}"
            self.refuse(f"{value!r} is no time of day", path, f'write `"{meant}"`, in quotes')
        return int(match[1]) * 60 + int(match[2])

    def weekdays(self, value: Anything, path: Path) -> tuple[int, ...]:
        """Return days of the week, 1 is Monday."""
        listed = value if isinstance(value, list) else [value]
        for index, day in enumerate(listed):
            if day not in WEEKDAYS:
                mend = f"write some of {', '.join(WEEKDAYS)}"
                self.refuse(f"{day!r} is no day of the week", (*path, index), mend)
        if not listed:
            self.refuse("no day is listed", path, "write `[mon, tue]`, or leave it out")
        return tuple(sorted({WEEKDAYS.index(day) + 1 for day in listed}))

    def instant(self, value: Anything, path: Path) -> Instant:
        """Return an instant; a date is its first second, and what says no zone is UTC."""
        found = value
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                found = None
        if isinstance(found, date) and not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day, tzinfo=UTC)
        if not isinstance(found, datetime):
            self.refuse(f"{value!r} is no instant", path, "write `2026-12-24 18:00`, in UTC")
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return round(aware.timestamp()) * SECOND

    def condition(self, value: Anything, path: Path, use: str) -> Condition:
        """Return a condition as it is written, its outer form sound; the story parses the rest."""
        self._form(value, path, 0)
        self.clauses.append(Clause(self.step, use, path, value))
        return dict(value)

    def _form(self, value: Anything, path: Path, depth: int) -> None:
        if depth > DEEPEST:
            self.refuse("conditions are nested too deeply", path, f"at most {DEEPEST} levels")
        if not isinstance(value, Mapping):
            mend = f"it starts with {', '.join(f'`{word}:`' for word in CONDITIONS)}"
            if isinstance(value, list):
                mend = "write `all:` or `any:` above the list"
            self.refuse("a condition must be a mapping", path, mend)
        forms = [word for word in CONDITIONS if word in value]
        first = next((str(word) for word in value if word in _MEANT), "")
        if not forms or first:
            first = first or str(next(iter(value), ""))
            mend = _MEANT.get(first) or nearest(first, [*CONDITIONS])
            self.refuse(f"no condition starts with {first[:80]!r}", (*path, first), mend)
        if len(forms) > 1:
            two = f"{forms[0]!r} and {forms[1]!r} stand in one condition"
            self.refuse(two, (*path, forms[1]), "put each under its own `-` in `all`")
        self._parts(forms[0], value, path, depth)

    def _parts(self, form: str, value: Keyed, path: Path, depth: int) -> None:
        inner, at = value[form], (*path, form)
        keys = ("event", "where", "since") if form == "event" else (form,)
        self.mapping(value, path, keys)
        match form:
            case "all" | "any":
                if not isinstance(inner, list) or not inner:
                    self.refuse(f"{form!r} takes a list", at, "put each condition under a `-`")
                for index, each in enumerate(inner):
                    self._form(each, (*at, index), depth + 1)
            case "not":
                self._form(inner, at, depth + 1)
            case "is":
                if not isinstance(inner, Mapping):
                    mend = (
                        "write what a segment's `where` says, as in `is: {trait: tier, is: gold}`"
                    )
                    self.refuse("'is' takes the condition of a segment", at, mend)
            case _:
                self.text(
                    inner, at, f"the name of {'an event' if form == 'event' else 'a segment'}"
                )
        if value.get("since", "entry") not in ("entry", "step"):
            what = f"{value['since']!r} is no beginning"
            self.refuse(what, (*path, "since"), "write `since: entry` or `since: step`")


_MEANT: Final = {
    "and": "write `all:`", "or": "write `any:`", "none": "write `not:` and `any:` below it",
    "trait": "write it below `is:`, as in `is: {trait: tier, is: gold}`",
    "model": "write it below `is:`, as in `is: {model: churn, at_least: 0.5}`",
    "list": "write it below `is:`, as in `is: {list: vip}`",
    "did": "write `event:`, or put it below `is:`",
    "did_not": "write `not: {event: ...}`, or put it below `is:`",
    "in_segment": "write `segment:`",
}  # fmt: skip

"""What a rule asks: what is known of a person, what is recommended, the time; the rest is asked.

Conditions on traits, events, scores, lists and segments are those of segments: they are kept as the
author wrote them, and whoever knows segments answers each with true or false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, NoReturn, TypeAlias

import msgspec

from tailorbird.errors import DefinitionError
from tailorbird.yaml_text import Document, Path, nearest

ASKED: Final = ("did", "did_not", "points", "trait", "model", "list", "segment")
"""The first words of the conditions that others answer."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BROWSED: Final = ("top_browsed_categories", "product_browse_history")
"""What somebody looked at lately."""
ROOTS: Final = ("person", "traits", "recommendations", *BROWSED)
"""Where a path of `known` may begin."""
_OWN: Final = ("known", "missing", "recommendations", "time")
_GROUPS: Final = ("all", "any", "not")
_DEEPEST: Final = 24
_PATH_MEND: Final = (
    "write `traits.NAME`, `person.first_name`, `recommendations` or `product_browse_history`"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition that others answer: as it was written, and where."""

    value: Any
    path: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the condition of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Known:
    """At least so many of these values are known of the person."""

    paths: tuple[str, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Recommended:
    """At least so many products are recommended, of one category where it is said."""

    least: int
    category: str = ""


@dataclass(frozen=True, slots=True)
class Time:
    """When the person's clock shows this: weekdays from 1 (Monday); hours may go over midnight.

    `after` and `before` are local times in ISO 8601; the first is in, the second is out.
    """

    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Every:
    """All conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Answer | Known | Recommended | Time | Every | Some | Opposite


def paths_of(condition: Condition) -> Iterator[str]:
    """Yield the paths of values that a condition asks about."""
    match condition:
        case Known(paths):
            yield from paths
        case Every(conditions) | Some(conditions):
            for each in conditions:
                yield from paths_of(each)
        case Opposite(inner):
            yield from paths_of(inner)


@dataclass(slots=True)
class Reading:
    """Reads the conditions of one file and numbers what others answer; equal ones have one."""

    document: Document
    asked: list[Asked] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def condition(self, value: Any, path: Path) -> Condition:
        """Return a condition.

        Raises:
            DefinitionError: with the line and the mend.
        """
        if len(path) > 3 * _DEEPEST:
            self._refuse("conditions are nested too deeply", path, f"at most {_DEEPEST} levels")
        words = (*ASKED, *_GROUPS, *_OWN)
        if not isinstance(value, Mapping):
            self._refuse("a condition is needed", path, f"it starts with {', '.join(words)}")
        forms = [word for word in words if word in value]
        if not forms:
            first = str(next(iter(value), ""))
            what = f"no condition starts with {first[:80]!r}"
            self._refuse(what, (*path, first), nearest(first, list(words)))
        form = forms[0]
        if form in ASKED:
            return self._answer(value, path)
        if len(value) > 1:
            extra = next(key for key in value if key != form)
            what = f"{extra!r} stands beside {form!r}"
            self._refuse(what, (*path, extra), "put each under its own `-` in `all`")
        return self._form(form, value[form], (*path, form))

    def _form(self, form: str, value: Any, path: Path) -> Condition:
        match form:
            case "all":
                return Every(self._group(value, path))
            case "any":
                return Some(self._group(value, path))
            case "not":
                return Opposite(self.condition(value, path))
            case "known":
                return self._known(value, path)
            case "missing":
                return Opposite(self._known(value, path, least=1))
            case "recommendations":
                return self._recommended(value, path)
            case _:
                return self._time(value, path)

    def _answer(self, value: Mapping[str, Any], path: Path) -> Answer:
        key = msgspec.json.encode(value, order="sorted", enc_hook=str)
        number = self._numbers.setdefault(key, len(self.asked))
        if number == len(self.asked):
            self.asked.append(Asked(value, path))
        return Answer(number)

    def _group(self, value: Any, path: Path) -> tuple[Condition, ...]:
        if not isinstance(value, list) or not value:
            self._refuse("a list of conditions is needed", path, "put each under a `-`")
        return tuple(self.condition(each, (*path, at)) for at, each in enumerate(value))

    def _known(self, value: Any, path: Path, least: int | None = None) -> Known:
        if isinstance(value, Mapping):
            self._only(value, path, ("of", "at_least"))
            found = value.get("at_least", 1)
            if isinstance(found, bool) or not isinstance(found, int) or found < 1:
                self._refuse("`at_least` is a number from 1", (*path, "at_least"), "write `2`")
            value, path, least = value.get("of"), (*path, "of"), found
        paths = [value] if isinstance(value, str) else value
        if not isinstance(paths, list) or not paths:
            self._refuse("the path of a value is needed", path, _PATH_MEND)
        for each in paths:
            if not isinstance(each, str) or each.partition(".")[0] not in ROOTS:
                self._refuse(f"{each!r} is no path of a value", path, _PATH_MEND)
        least = len(paths) if least is None else least
        if least > len(paths):
            self._refuse(f"of {len(paths)} values never {least} are known", path, "ask for fewer")
        return Known(tuple(paths), least)

    def _recommended(self, value: Any, path: Path) -> Recommended:
        self._only(value, path, ("at_least", "category"))
        least, category = value.get("at_least", 1), value.get("category", "")
        if isinstance(least, bool) or not isinstance(least, int) or not 0 < least <= 24:
            self._refuse("`at_least` is a number from 1 to 24", path, "write `{at_least: 3}`")
        if not isinstance(category, str):
            self._refuse("the category is not text", (*path, "category"), "put it in quotes")
        return Recommended(least, category)

    def _time(self, value: Any, path: Path) -> Time:
        keys = ("weekdays", "between_hours", "after", "before")
        self._only(value, path, keys)
        days = value.get("weekdays", [])
        known = isinstance(days, list) and all(day in WEEKDAYS for day in days)
        if not known:
            self._refuse("no such weekdays", (*path, "weekdays"), "write `[mon, tue]`")
        hours = value.get("between_hours")
        if hours is not None and not _hours(hours):
            self._refuse("no such hours", (*path, "between_hours"), "write `[18, 23]`")
        after, before = (self._instant(value, path, key) for key in ("after", "before"))
        if not value:
            self._refuse("no time is said", path, f"write one of {', '.join(keys)}")
        weekdays = tuple(sorted(WEEKDAYS.index(day) + 1 for day in days))
        return Time(weekdays, (hours[0], hours[1]) if hours else None, after, before)

    def _instant(self, value: Mapping[str, Any], path: Path, key: str) -> str:
        found = value.get(key)
        if found is None:
            return ""
        try:
            read = found if isinstance(found, date) else datetime.fromisoformat(str(found))
        except ValueError:
            self._refuse(f"{found!r} is no date", (*path, key), "write 2026-03-01")
        if not isinstance(read, datetime):
            read = datetime.combine(read, time())
        return read.replace(tzinfo=None).isoformat(timespec="seconds")

    def _only(self, value: Any, path: Path, keys: tuple[str, ...]) -> None:
        if not isinstance(value, Mapping):
            self._refuse("a mapping is needed", path, f"with the keys {', '.join(keys)}")
        for key in value:
            if key not in keys:
                self._refuse(f"unknown key {key!r}", (*path, key), nearest(str(key), list(keys)))

    def _refuse(self, what: str, path: Path, mend: str) -> NoReturn:
        raise DefinitionError(what, where=self.document.where(path), mend=mend)


def _hours(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(each, int) and 0 <= each <= 24 for each in value)
        and value[0] != value[1]
    )

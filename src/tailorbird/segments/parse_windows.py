"""When something happened, as authors write it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any as Anything
from typing import Final, Literal

from tailorbird.schema import Instant
from tailorbird.segments import grammar, operands
from tailorbird.segments.conditions import Calendar, Moment
from tailorbird.segments.operands import Unfit
from tailorbird.segments.reader import Keyed, Reader, nearest
from tailorbird.yaml_text import Path

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar(reader: Reader, value: Keyed, path: Path) -> Calendar:
    """Return what the calendar and the local clock must say."""
    after, before = _bounds(reader, value, path)
    return Calendar(after, before, _weekdays(reader, value, path), _hours(reader, value, path))


def moment(reader: Reader, value: Keyed, path: Path) -> Moment | None:
    """Return the window in which a `first` or a `last` must lie, if there is one."""
    which = next((each for each in _WHICH if each in value), None)
    if which is None:
        return None
    path = (*path, which)
    if not isinstance(value[which], Mapping):
        mend = f"write `{which}: {{within: 30d}}` or `{{older_than: 30d}}`"
        reader.refuse(f"{which!r} needs a window", path, mend)
    asked = reader.mapping(value[which], path, tuple(grammar.BOUNDS))
    if not asked:
        reader.refuse(f"{which!r} needs a window", path, "write `older_than: 30d` below it")
    within, older_than = reader.window(asked, path, "within")
    after, before = _bounds(reader, asked, path)
    return Moment(which, within, older_than, after, before)


_WHICH: Final[tuple[Literal["first", "last"], ...]] = ("first", "last")


def _bounds(reader: Reader, value: Keyed, path: Path) -> tuple[Instant | None, Instant | None]:
    after, before = _instant(reader, value, path, "after"), _instant(reader, value, path, "before")
    if after is not None and before is not None and after >= before:
        mend = "`after` is the earlier of the two"
        reader.refuse("nothing is before 'before' and after 'after'", (*path, "before"), mend)
    return after, before


def _instant(reader: Reader, value: Keyed, path: Path, key: str) -> Instant | None:
    if key not in value:
        return None
    told = value[key]
    text = operands.iso(told) if isinstance(told, date) else str(told)
    try:
        return operands.instant(text)
    except Unfit as error:
        reader.refuse(error.what, (*path, key), error.mend)


def _weekdays(reader: Reader, value: Keyed, path: Path) -> tuple[int, ...]:
    if "weekdays" not in value:
        return ()
    told, path = value["weekdays"], (*path, "weekdays")
    if not isinstance(told, list) or not told:
        reader.refuse("'weekdays' takes a list", path, "write `weekdays: [sat, sun]`")
    for each in told:
        if each not in WEEKDAYS:
            reader.refuse(f"{each!r} is no weekday", path, nearest(each, list(WEEKDAYS)))
    days = {WEEKDAYS.index(each) + 1 for each in told}
    if len(days) < len(told) or len(days) == len(WEEKDAYS):
        reader.refuse("a weekday stands twice, or all of them do", path, "leave it out")
    return tuple(sorted(days))


def _hours(reader: Reader, value: Keyed, path: Path) -> tuple[int, int] | None:
    if "between_hours" not in value:
        return None
    told, path = value["between_hours"], (*path, "between_hours")
    if not (isinstance(told, list) and len(told) == 2 and all(_is_hour(each) for each in told)):
        mend = "write `between_hours: [18, 23]`: from 18:00 up to 23:00"
        reader.refuse("'between_hours' takes two hours of the day", path, mend)
    start, end = told
    if start == end or start == 24:
        reader.refuse("no hour lies between these", path, "write `between_hours: [22, 6]`")
    return start, end


def _is_hour(value: Anything) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 24

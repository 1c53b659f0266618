"""A leaf as the calls that build it; as a mapping where it says what no call says."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from typing import Any as Anything
from typing import Final, TypeAlias

_Keyed: TypeAlias = Mapping[str, Anything]

NAMES: Final = (
    "did", "did_not", "model", "on_list", "points", "segment", "stated", "trait", "worth",
)  # fmt: skip
"""What the calls need to be imported."""
_SPELLED: Final = {"is": "is_", "in": "is_in"}
_MEASURES: Final = ("sum", "average", "min", "max", "distinct")
_WINDOW: Final = {
    "within": "within", "older_than": "older_than", "after": "since", "before": "before",
    "weekdays": "on", "between_hours": "between_hours",
}  # fmt: skip
_ALONE: Final = {
    key: key for key in ("where", "times", *_MEASURES, "first", "last", "per")
} | _WINDOW  # fmt: skip
_FIRST: Final = {"where": "where", "since": "within", **_WINDOW}
_SECOND: Final = {"then_where": "where", "within": "within"}
_OF_LAST: Final = ("of_last", "answered_by", "times")
_EVERY: Final = ("every", "periods", "times")
_TOLD_AFTER: Final = {
    key: key for key in ("linked_by", "answer_where", "answered_within", "in_at_least")
}
_LINK: Final = "send_id"
"""What links an answer to what it answers where nothing says so."""
_COMPARED: Final = frozenset(
    (
        "is", "is_not", "less_than", "at_most", "more_than", "at_least", "in", "not_in", "exists",
        "missing",
    )
)  # fmt: skip
_TESTS: Final = frozenset(("contains", "starts_with", "ends_with", "has", "has_any", "has_all"))
_DATES: Final = frozenset(
    ("ago", "ahead", "days_ago", "days_ahead", "anniversary_in", "years", "turning")
)
_BOUNDS: Final = _COMPARED


def leaf(keys: _Keyed) -> str:
    """Return the Python expression of a leaf that is written as in YAML."""
    form = next(iter(keys))
    write = _FORMS.get(form)
    rest = {key: each for key, each in keys.items() if key != form}
    written = write(keys[form], rest) if write else None
    return f"stated({keys!r})" if written is None else written


def is_name(text: str) -> bool:
    """Return whether a text can name a variable or an argument."""
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)


def _did(event: str, rest: _Keyed) -> str | None:
    first = f"did({event!r})"
    rest = {key: each for key, each in rest.items() if (key, each) != ("linked_by", _LINK)}
    if isinstance(rest.get("then"), list):
        return _sequence(first, rest)
    if "then" in rest or "then_not" in rest:
        return _sequel(first, rest, "then" if "then" in rest else "then_not")
    if "of_last" in rest:
        return _told(first, rest, _OF_LAST, "of_last")
    if "every" in rest:
        return _told(first, rest, _EVERY, "every")
    return _calls(first, rest, _ALONE)


def _sequel(first: str, rest: _Keyed, word: str) -> str | None:
    before = {key: key_value for key, key_value in rest.items() if key in _BEFORE}
    after = {key: rest[key] for key in _SECOND if key in rest}
    if set(rest) - {word, *before, *after}:
        return None
    start = _calls(first, before, _FIRST)
    return start and _calls(f"{start}.{word}({rest[word]!r})", after, _SECOND)


def _sequence(first: str, rest: _Keyed) -> str | None:
    before = {key: each for key, each in rest.items() if key != "then"}
    steps, last = rest["then"], ""
    if "since" in rest and any("did_not" in step for step in steps[:-1]):
        # On the way it would wait for silence longer than the first counts.
        last = f".first_within({before.pop('since')!r})"
    text = _calls(first, before, _FIRST) if set(before) <= _BEFORE else None
    for step in steps:
        word = "did" if "did" in step else "did_not"
        told = {key: each for key, each in step.items() if key != word}
        call = "then" if word == "did" else "then_not"
        text = text and _calls(f"{text}.{call}({step[word]!r})", told, _ALONE)
    return text and f"{text}{last}"


_BEFORE: Final = frozenset(_FIRST) - {"within"}


def _told(first: str, rest: _Keyed, names: tuple[str, ...], call: str) -> str | None:
    """Return a call that is told everything at once."""
    after = {key: rest[key] for key in _TOLD_AFTER if key in rest}
    before = {key: each for key, each in rest.items() if key not in {*names, *after}}
    start = _calls(first, before, _ALONE)
    more = "".join(f", {key}={rest[key]!r}" for key in names[1:])
    return start and _calls(f"{start}.{call}({rest[names[0]]!r}{more})", after, _TOLD_AFTER)


def _did_not(event: str, rest: _Keyed) -> str | None:
    return _calls(f"did_not({event!r})", rest, {"where": "where", **_WINDOW})


def _trait(name: str, rest: _Keyed) -> str | None:
    return _compared(f"trait({name!r})", rest, _COMPARED | _TESTS | _DATES)


def _model(name: str, rest: _Keyed) -> str | None:
    return _compared(f"model({name!r})", rest, _COMPARED)


def _points(events: Anything, rest: _Keyed) -> str | None:
    plain = {each["did"]: each["points"] for each in events}
    kept = {key: each for key, each in rest.items() if key != "half_life"}
    said = repr(plain)
    if len(plain) < len(events) or any("where" in each for each in events):
        said = ", ".join(map(_worth, events))
    return _compared(f"points({said}, half_life={rest['half_life']!r})", kept, _COMPARED)


def _worth(event: _Keyed) -> str:
    start = f"worth({event['did']!r}, {event['points']!r})"
    return f"{start}.where({_properties(event['where'])})" if "where" in event else start


def _compared(start: str, rest: _Keyed, words: frozenset[str]) -> str | None:
    """Return one comparison as a call."""
    if len(rest) != 1 or not set(rest) <= words:
        return None
    ((word, operand),) = rest.items()
    if word in ("exists", "missing"):
        said: str | None = ""
    elif word in _DATES:
        said = _bounds(operand)
    else:
        said = ", ".join(map(repr, operand)) if isinstance(operand, list) else repr(operand)
    return None if said is None else f"{start}.{_SPELLED.get(word, word)}({said})"


def _on_list(name: str, rest: _Keyed) -> str | None:
    return None if rest else f"on_list({name!r})"


def _segment(name: str, rest: _Keyed) -> str | None:
    return None if rest else f"segment({name!r})"


_FORMS: Final[Mapping[str, Callable[[Anything, _Keyed], str | None]]] = {
    "did": _did, "did_not": _did_not, "trait": _trait, "model": _model, "points": _points,
    "list": _on_list, "segment": _segment,
}  # fmt: skip


def _calls(start: str, keys: _Keyed, methods: Mapping[str, str]) -> str | None:
    """Return the expression with a call for each key; None where a key has no method."""
    text = start
    for key, value in keys.items():
        arguments = _arguments(key, value) if key in methods else None
        if arguments is None:
            return None
        text += f".{methods[key]}({arguments})"
    return text


def _arguments(key: str, value: Anything) -> str | None:
    match key, value:
        case "where" | "then_where" | "answer_where", dict():
            return _properties(value)
        case "times", dict():
            return _bounds(value)
        case "first" | "last", dict():
            return ", ".join(f"{name}={each!r}" for name, each in value.items())
        case measure, dict() if measure in _MEASURES:
            bounds = _bounds({word: each for word, each in value.items() if word != "of"})
            return None if bounds is None else f"{value['of']!r}, {bounds}"
        case "weekdays" | "between_hours", list():
            return ", ".join(map(repr, value))
        case _, str() | int():
            return repr(value)
        case _:
            return None


def _properties(value: _Keyed) -> str:
    plain = {name: asked["is"] if list(asked) == ["is"] else asked for name, asked in value.items()}
    if all(is_name(name) for name in plain):
        return ", ".join(f"{name}={asked!r}" for name, asked in plain.items())
    return repr(plain)


def _bounds(value: _Keyed) -> str | None:
    if not set(value) <= _BOUNDS:
        return None
    return ", ".join(
        repr(each) if word == "is" else f"{_SPELLED.get(word, word)}={each!r}"
        for word, each in value.items()
    )

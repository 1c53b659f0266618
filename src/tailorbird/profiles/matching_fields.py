"""How the fields of two people are compared: kinds of fields, their normal form, their levels.

A level is a degree of likeness, told by one SQL condition over both sides. The first that holds
counts; the last is that they differ. Where a field is empty on either side it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "first_name", "last_name", "name", "birth_date", "email", "phone", "address", "postcode",
    "city", "identifier", "other",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PLACES: Final = frozenset({"address", "city", "postcode"})
"""Kinds that agree together: who lives in one street lives in one town."""
DIFFERENT: Final = "different"
SWAPPED: Final = "first and last name swapped"

_DIGITS = "regexp_replace({0}, '[^0-9]', '', 'g')"
_LETTERS = "regexp_replace({0}, '[^a-z0-9]', '', 'g')"
_WORDS = "trim(regexp_replace({0}, '[^\\pL0-9]+', ' ', 'g'))"
_NORMAL: Final[dict[Kind, str]] = {
    "birth_date": _DIGITS,
    "email": "trim({0})",
    "identifier": _LETTERS,
    # Numbers are written with and without the country: the last nine digits tell.
    "phone": f"right({_DIGITS}, 9)",
    "postcode": _LETTERS,
}


@dataclass(frozen=True, slots=True)
class Level:
    """A degree of likeness of one field."""

    label: str
    condition: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one field is compared: when it says nothing, and its levels, the most alike first."""

    field: str
    kind: Kind
    empty: str
    levels: tuple[Level, ...]

    @property
    def labels(self) -> list[str]:
        """Return the levels' names by the number that Splink gives them: 0 is different."""
        return [DIFFERENT, *(level.label for level in reversed(self.levels))]

    def setting(self) -> dict[str, object]:
        """Return this comparison as Splink's settings have it."""
        levels: list[dict[str, object]] = [
            {"sql_condition": self.empty, "label_for_charts": "empty", "is_null_level": True}
        ]
        levels += [
            {"sql_condition": level.condition, "label_for_charts": level.label}
            for level in self.levels
        ]
        levels.append({"sql_condition": "ELSE", "label_for_charts": DIFFERENT})
        return {"output_column_name": self.field, "comparison_levels": levels}


def normal(field: str, kind: Kind) -> str:
    """Return SQL for a field in one spelling: small letters without accents, no punctuation."""
    spelled = _NORMAL.get(kind, _WORDS).format(f"strip_accents(lower({_quoted(field)}))")
    return f"nullif({spelled}, '') AS {_quoted(field)}"


def comparisons(fields: Mapping[str, Kind]) -> list[Comparison]:
    """Return how each field is compared."""
    first = next((name for name, kind in fields.items() if kind == "first_name"), "")
    last = next((name for name, kind in fields.items() if kind == "last_name"), "")
    crossed = _crossed(first, last) if first and last else ""
    return [_comparison(name, kind, first, last, crossed) for name, kind in fields.items()]


def _comparison(field: str, kind: Kind, first: str, last: str, crossed: str) -> Comparison:
    one, two = _sides(field)
    empty = f"{one} IS NULL OR {two} IS NULL"
    levels = [Level("same", f"{one} = {two}")]
    if crossed and field == first:
        levels.append(Level(SWAPPED, _swapped(first, last)))
        levels.append(Level("one where the other stands", crossed))
    if crossed and field == last:
        # It is said once, by the first name. What is crossed covers what is swapped.
        empty = f"{empty} OR ({crossed})"
    levels += [Level(label, condition) for label, condition in _likenesses(kind, one, two)]
    return Comparison(field, kind, empty, tuple(levels))


def _likenesses(kind: Kind, one: str, two: str) -> list[tuple[str, str]]:
    match kind:
        case "first_name" | "last_name":
            return _names(one, two)
        case "birth_date":
            return _birth_dates(one, two)
        case "email":
            return _emails(one, two)
        case "phone" | "identifier":
            return [
                ("one typing error", _typing(one, two, 1)),
                ("two typing errors", _typing(one, two, 2)),
            ]
        case "postcode":
            return [
                ("one typing error", _typing(one, two, 1)),
                ("same area", f"left({one}, 3) = left({two}, 3)"),
                ("same region", f"left({one}, 2) = left({two}, 2)"),
            ]
        case "city":
            return [
                ("two typing errors", _typing(one, two, 2)),
                ("a word in common", f"({_begins(one, two)}) OR {_shared_words(one, two)} >= 1"),
                ("alike", _alike(one, two, 0.85)),
            ]
        case "address" | "name":
            return [
                ("two typing errors", _typing(one, two, 2)),
                ("very alike", _alike(one, two, 0.9)),
                ("two words in common", f"{_shared_words(one, two)} >= 2"),
                ("same letters", f"jaccard({one}, {two}) >= 0.8"),
            ]
        case "other":
            return []


def _names(one: str, two: str) -> list[tuple[str, str]]:
    return [
        ("one typing error", _typing(one, two, 1)),
        ("very alike", _alike(one, two, 0.92)),
        ("short form", _begins(one, two)),
        ("alike", _alike(one, two, 0.82)),
    ]


def _birth_dates(one: str, two: str) -> list[tuple[str, str]]:
    month, day = "substr({}, 5, 2)", "substr({}, 7, 2)"
    year = f"left({one}, 4) = left({two}, 4)"
    years = f"abs(try_cast(left({one}, 4) AS int) - try_cast(left({two}, 4) AS int)) <= 1"
    turned = f"{month.format(one)} = {day.format(two)} AND {day.format(one)} = {month.format(two)}"
    return [
        ("one typing error", _typing(one, two, 1)),
        ("day and month swapped", f"{year} AND {turned}"),
        ("two typing errors", _typing(one, two, 2)),
        ("same year", year),
        ("a year apart, or same day", f"{years} OR right({one}, 4) = right({two}, 4)"),
    ]


def _emails(one: str, two: str) -> list[tuple[str, str]]:
    local = "split_part({}, '@', 1)"
    domain = f"split_part({one}, '@', 2) = split_part({two}, '@', 2)"
    alike = _alike(local.format(one), local.format(two), 0.9)
    return [
        ("two typing errors", _typing(one, two, 2)),
        ("same name at another domain", f"{local.format(one)} = {local.format(two)}"),
        ("name alike, same domain", f"{alike} AND {domain}"),
        ("name alike, another domain", alike),
        ("same domain", domain),
    ]


def _swapped(first: str, last: str) -> str:
    (first_l, first_r), (last_l, last_r) = _sides(first), _sides(last)
    return f"{first_l} <> {last_l} AND {first_l} = {last_r} AND {last_l} = {first_r}"


def _crossed(first: str, last: str) -> str:
    """Return SQL for: a first name stands where the other's last name does, or nearly."""
    (first_l, first_r), (last_l, last_r) = _sides(first), _sides(last)
    there = " AND ".join(f"{side} IS NOT NULL" for side in (first_l, first_r, last_l, last_r))
    nearly = f"{_alike(first_l, last_r, 0.9)} AND {_alike(last_l, first_r, 0.9)}"
    return (
        f"{there} AND {first_l} <> {first_r} AND {last_l} <> {last_r} AND "
        f"(({first_l} = {last_r} AND length({first_l}) > 2) OR "
        f"({last_l} = {first_r} AND length({last_l}) > 2) OR ({nearly}))"
    )


def _typing(one: str, two: str, errors: int) -> str:
    return f"damerau_levenshtein({one}, {two}) <= {errors}"


def _alike(one: str, two: str, least: float) -> str:
    return f"jaro_winkler_similarity({one}, {two}) >= {least}"


def _begins(one: str, two: str) -> str:
    return f"starts_with({one}, {two}) OR starts_with({two}, {one})"


def _shared_words(one: str, two: str) -> str:
    return f"len(list_intersect(string_split({one}, ' '), string_split({two}, ' ')))"


def _sides(field: str) -> tuple[str, str]:
    return _quoted(f"{field}_l"), _quoted(f"{field}_r")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""An author of what every dialect can say, and of data for it, from a seed."""

from __future__ import annotations

import random
from typing import Any

from tailorbird.content.export.portable import (
    Choice,
    Compared,
    Element,
    Field,
    Joined,
    Loop,
    Made,
    Opposite,
    Part,
    Piece,
    Position,
    Print,
    Root,
    Size,
    Term,
    Test,
    Truth,
    TruthKind,
    Value,
    Words,
    merged,
)
from tailorbird.content.tree import Place

PLACE = Place("template", 1, 1)
FIELDS = ("name", "tier", "points", "x y", "size", "first", "if", "log", "each", "empty", "date")
LISTS = ("products", "orders")
WORDS = ("Hi ", "\n", " ", "", "<p>", "\n  ", "}", "{", "{{", "}}", "{%", "\\", "\\\\", "%", "é",
         "a = b\n", " | ", "{% endraw %}", "{{{")  # fmt: skip
TEXTS = ("", " ", "gold", "Ada", "<b>", "a&b", "0", "it's", 'say "x"', "é", "{{ name }}")
KINDS: tuple[TruthKind, ...] = ("present", "script", "filled", "blank", "empty")
DEEPEST = 3


def data(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """Return a person's data: texts, whole numbers, truths, nothing, and lists of such."""
    found: dict[str, Any] = {}
    for name in FIELDS:
        if chance.random() < 0.8:
            found[name] = chance.choice((*TEXTS, 0, 1, 7, -3, 250, True, False, None, 0.5))
    for name in LISTS:
        if depth < 2 and chance.random() < 0.8:
            found[name] = [data(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    found["points"] = chance.choice((None, 0, 5, 10))
    found["person"] = {"name": chance.choice((None, *TEXTS))}
    return found


def part(chance: random.Random, loops: int = 0, depth: int = 0) -> Part:
    """Return some pieces with words between them."""
    pieces: list[Piece] = [words(chance)]
    for _ in range(chance.choice((1, 2, 3))):
        pieces += [piece(chance, loops, depth), words(chance)]
    return merged(pieces)


def words(chance: random.Random) -> Words:
    return Words("".join(chance.choice(WORDS) for _ in range(chance.randint(0, 3))))


def piece(chance: random.Random, loops: int, depth: int) -> Piece:
    roll = chance.random()
    if depth >= DEEPEST or roll < 0.4:
        return Print(printable(chance, loops), "none", PLACE)
    if roll < 0.75:
        branches = tuple(
            (decided(chance, loops, 0), part(chance, loops, depth + 1))
            for _ in range(chance.choice((1, 1, 2, 3)))
        )
        otherwise = part(chance, loops, depth + 1) if chance.random() < 0.5 else ()
        return Choice(branches, otherwise, PLACE)
    otherwise = part(chance, loops, depth + 1) if chance.random() < 0.3 else ()
    start = 0 if otherwise or chance.random() < 0.7 else 1
    end = start + 2 if chance.random() < 0.3 else None
    values = Field(base(chance, loops), chance.choice(LISTS))
    inner = part(chance, loops + 1, depth + 1)
    if (start or end is not None) and reads_position(inner, loops):
        start, end = 0, None
    return Loop(loops, values, inner, otherwise, PLACE, start, end)


def base(chance: random.Random, loops: int) -> Term:
    return Element(chance.randrange(loops)) if loops and chance.random() < 0.6 else Root()


def look_up(chance: random.Random, loops: int) -> Term:
    if chance.random() < 0.1:
        return Field(Field(Root(), "person"), "name")
    return Field(base(chance, loops), chance.choice(FIELDS))


def printable(chance: random.Random, loops: int) -> Term:
    """Return a value that prints the same everywhere."""
    roll = chance.random()
    value = look_up(chance, loops)
    if roll < 0.5:
        return value
    if roll < 0.6 and loops:
        return Position(chance.randrange(loops), "index")
    if roll < 0.7:
        return Made("default", (value, Value(chance.choice(("there", 0, 'a "b"')))), PLACE)
    if roll < 0.8:
        return Made(chance.choice(("upper", "lower", "capitalize")), (value,), PLACE)
    if roll < 0.9:
        return Made("money", (Field(base(chance, loops), "points"), Value("EUR")), PLACE)
    return Made("upper", (Made("default", (value, Value("x")), PLACE),), PLACE)


def decided(chance: random.Random, loops: int, depth: int) -> Test:
    """Return a test that Liquid can write without brackets."""
    roll = chance.random()
    value = look_up(chance, loops)
    if roll < 0.35:
        return Truth(value, chance.choice(KINDS))
    if roll < 0.6:
        constant = Value(chance.choice(("gold", "", 0, 1, True, None, "x y")))
        return Compared(chance.choice(("==", "!=")), value, constant)
    if roll < 0.75:
        points: Term = Field(base(chance, loops), "points")
        points = Size(Field(Root(), "products")) if chance.random() < 0.3 else points
        return Compared(chance.choice(("<", ">", "<=", ">=")), points, Value(5))
    if roll < 0.8 and loops:
        return Truth(Position(loops - 1, chance.choice(("first", "last"))), "present")
    if roll < 0.9 or depth > 1:
        return Opposite(Compared("==", value, Value("gold")))
    left = Compared("==", value, Value("gold"))
    return Joined(chance.choice(("and", "or")), left, decided(chance, loops, depth + 1))


def reads_position(part: Part, loop: int) -> bool:
    """Return whether something in a part reads where its loop is."""
    return f"Position(loop={loop}," in repr(part)

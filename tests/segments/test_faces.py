"""YAML, JSON, Python and the JSON Schema are views of one tree: over random texts of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.segments import Segment, grammar, operands
from tailorbird.segments.conditions import Condition, leaves
from tailorbird.segments.grammar import Form
from tailorbird.segments.parse import _FORMS
from tailorbird.segments.parse_counts import EVENTS
from tailorbird.segments.reader import WORDS
from tailorbird.traits.registry import TRAITS

INSTANTS = ("2026-01-31", "2025-02-03T10:00:00Z", "2026-01-31T10:00:00+02:00")
SCHEMA = jsonschema_rs.Draft202012Validator(segments.schema())
NASTY = (
    "'",
    '"',
    "; DROP TABLE people --",
    "\0",
    "a\nb: c",
    "{{",
    "\u2028",
    "NO",
    "1e3",
    "🛒",
    "- x",
)


class Author:
    """Writes random conditions as mappings, right more often than not."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def segment(self) -> dict[str, Any]:
        text = self.rng.choice(NASTY)
        return {"name": "s", "description": text, "where": self.condition(0)}

    def condition(self, depth: int) -> dict[str, Any]:
        draw, size = self.rng.random(), self.rng.choice((1, 2, 3))
        if depth > 2 or draw < 0.5:
            return self.leaf(self.rng.choice(grammar.FORMS))
        if draw < 0.6:
            return {"not": self.condition(depth + 1)}
        group = "all" if draw < 0.8 else "any"
        return {group: [self.condition(depth + 1) for _ in range(size)]}

    def leaf(self, form: Form) -> dict[str, Any]:
        free = [key for key in form.names if key not in (form.word, *form.needs, *form.one_of)]
        asked = self.rng.sample(form.one_of, min(1, len(form.one_of)))
        if form.word == "did" and self.rng.random() < 0.5:
            asked = []
        chosen = {*self.rng.sample(free, min(len(free), self.rng.choice((0, 1, 1, 2)))), *asked}
        made = {form.word: self.value(form.keys[form.word], form.word)}
        for key in form.names:
            if key in chosen or key in form.needs:
                made[key] = self.value(form.keys[key], key)
        if "per" in made:
            made = {key: each for key, each in made.items() if key not in form.one_of}
            made["times"] = {"at_least": 3}
        if form.compared:
            kind = "millionths"
            if form.word == "trait":
                kind = operands.kind_of_trait(made["trait"])
            made |= self.comparison(kind)
        return made

    def value(self, shape: str, key: str) -> Any:
        pick, draw = self.rng.choice, self.rng.randrange
        shapes: dict[str, Callable[[], Any]] = {
            "event": lambda: pick((*sorted(EVENTS), "quiz taken", *NASTY)),
            "name": lambda: pick(("vip", "churn", *NASTY)),
            "property": lambda: pick(("item", "category", "send_id", "colour")),
            "trait": lambda: pick((*sorted(TRAITS), "shoe size", *NASTY)),
            "length": lambda: f"{1 + draw(90)}{pick('smhdw')}",
            "instant": lambda: pick(INSTANTS),
            "weekdays": lambda: sorted(self.rng.sample(("mon", "tue", "sat", "sun"), 1 + draw(3))),
            "hours": lambda: [draw(24), draw(25)],
            "count": lambda: pick((draw(9), self.comparison("integer"))),
            "measure": lambda: {"of": pick(("quantity", "rating")), **self.comparison("integer")},
            "distinct": lambda: {"of": pick(("item", "colour")), **self.comparison("integer")},
            "moment": lambda: {pick(("within", "older_than")): f"{1 + draw(9)}d"},
            "date": lambda: self.comparison(operands.DATES[key]),  # type: ignore[index]
            "has": lambda: pick(("garden", 5, *NASTY)),
            "has_all": lambda: [pick(("garden", "b")), pick(("kitchen", *NASTY))],
            "properties": self.properties,
            "latest": lambda: 1 + draw(9),
            "periods": lambda: 1 + draw(9),
            "points": self.points,
            "steps": lambda: [self.step() for _ in range(1 + draw(3))],
        }  # fmt: skip
        return shapes[shape]()

    def points(self) -> Any:
        events = self.rng.sample(sorted(EVENTS), 2)
        if self.rng.random() < 0.5:
            return {name: self.rng.randrange(-5, 9) for name in events}
        where = self.properties() if self.rng.random() < 0.5 else {"item": "i1"}
        return [{"did": name, "points": self.rng.randrange(9), "where": where} for name in events]

    def step(self) -> dict[str, Any]:
        made: dict[str, Any] = {self.rng.choice(("did", "did", "did_not")): "purchase"}
        if self.rng.random() < 0.5:
            made["within"] = f"{1 + self.rng.randrange(9)}d"
        return made | ({"where": self.properties()} if self.rng.random() < 0.3 else {})

    def properties(self) -> dict[str, Any]:
        names = self.rng.sample((*operands.PROPERTIES, "colour", "class", "it's"), 2)
        return {name: self.comparison(operands.kind_of_property(name)) for name in names}

    def comparison(self, kind: str) -> dict[str, Any]:
        word = self.rng.choice([*WORDS])
        if word in ("exists", "missing"):
            return {word: self.rng.random() < 0.8}
        one = self.operand(kind)
        return {word: [one, self.operand(kind)] if word in ("in", "not_in") else one}

    def operand(self, kind: str) -> Any:
        pick, draw = self.rng.choice, self.rng.randrange
        match kind:
            case "integer" | "days":
                return draw(50)
            case "millionths":
                return pick((draw(9), draw(80) / 8, 43.5))
            case "flag":
                return pick((True, False))
            case "instant" | "day":
                return pick(("2026-01-31", "2025-02-03T10:00:00Z"))
            case "duration":
                return f"{1 + draw(9)}d"
            case "open" | "dated":
                return pick(("red", draw(9), 2.5, "2026-01-31", *NASTY))
        return pick(("garden", *NASTY))


def read(keyed: dict[str, Any]) -> Segment | None:
    """Return the segment of a text in JSON, None where it is refused."""
    try:
        return segments.from_json(json.dumps(keyed))
    except DefinitionError:
        return None


def ran(segment: Segment) -> list[Segment]:
    made: dict[str, object] = {}
    exec(segments.python(segment), made)
    return [each for each in made.values() if isinstance(each, Segment)]


@settings(max_examples=300)
@given(st.integers(0, 1 << 40))
def test_every_view_gives_the_same_tree(seed: int) -> None:
    keyed = Author(seed).segment()
    segment = read(keyed)
    if segment is None:
        return
    assert segments.parse(segments.write(segment), "again.yaml") == segment
    assert segments.from_json(segments.to_json(segment)) == segment
    assert ran(segment) == [segment]
    assert "stated" not in segments.python(segment)
    assert SCHEMA.is_valid(keyed), list(map(str, SCHEMA.iter_errors(keyed)))[:1]
    assert SCHEMA.is_valid(json.loads(segments.to_json(segment)))


def test_the_random_texts_reach_every_form_and_every_kind_of_leaf() -> None:
    kinds: set[type[Condition]] = set()
    words: set[str] = set()
    for seed in range(4000):
        keyed = Author(seed).segment()
        if segment := read(keyed):
            kinds |= {type(leaf) for leaf in leaves(segment.condition)}
            words |= set(str(keyed).replace("'", " ").split())
    every = {kind for kind in Condition.__args__ if kind.__name__ not in ("All", "Any", "Not")}
    assert kinds == every
    assert {key for form in grammar.FORMS for key in form.names} - words == set()
    assert {form.word for form in grammar.FORMS} | set(grammar.GROUPS) == set(_FORMS)


ONE_OF_EACH: dict[str, tuple[Any, ...]] = {
    "event": ("purchase",),
    "name": ("vip",),
    "property": ("order_id", "item"),
    "trait": ("orders", "shoe size"),
    "length": ("30d",),
    "instant": ("2026-01-31",),
    "weekdays": (["sat", "sun"],),
    "hours": ([18, 23],),
    "count": (2, {"is_not": 1}, {"in": [1, 2]}, {"more_than": 3}),
    "measure": tuple({"of": "quantity", word: 3} for word in ("is", "at_most", "less_than"))
    + tuple({"of": "quantity", word: True} for word in ("exists", "missing")),
    "distinct": ({"of": "item", "at_least": 2}, {"of": "item", "not_in": [1, 2]}),
    "moment": (
        {"within": "3d", "older_than": "1d"},
        {"after": "2026-01-31", "before": "2026-02-03"},
    ),
    "has": ("garden", 5),
    "has_all": (["garden", "kitchen"],),
    "properties": (
        {"category": "garden", "quantity": {"at_least": 2}, "it's": {"in": ["a", "b"]}},
        {"class": {"exists": True}, "context.device": {"starts_with": "ph"}},
    ),
    "latest": (5,),
    "periods": (4,),
    "points": (
        {"email_opened": 1, "email_clicked": 3},
        [
            {"did": "purchase", "points": 5, "where": {"category": "garden"}},
            {"did": "purchase", "points": -1},
        ],
    ),
    "steps": (
        [{"did": "add_to_cart", "where": {"category": "garden"}, "within": "2d"},
         {"did": "purchase"}],
        [{"did_not": "add_to_cart", "within": "40d"}, {"did": "purchase", "within": "1d"},
         {"did_not": "return", "within": "2d"}],
    ),
}  # fmt: skip
"""Something of every shape that stands under a key of the grammar, in each way to write it."""
TESTS: tuple[tuple[str, Any], ...] = (
    ("is", 3), ("is_not", 3), ("less_than", 3), ("at_most", 3), ("more_than", 3), ("at_least", 3),
    ("in", [3, 4]), ("not_in", [3, 4]), ("exists", True), ("missing", True),
)  # fmt: skip
TEXT_TESTS = tuple((word, "x") for word in ("contains", "starts_with", "ends_with"))


def of_grammar() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield, of every form, each key with each way to write what stands under it."""
    for form in grammar.FORMS:
        head = {key: samples(form, key)[0] for key in (form.word, *form.needs)}
        if form.word == "trait":
            head["trait"] = {"has": "colours", "ago": "last_order_at"}.get(
                next(iter(form.one_of), ""), "orders"
            )
        tested = {"at_least": 3} if form.compared else {}
        for key in form.names:
            for value in samples(form, key):
                beside = {"times": {"at_least": 3}} if key == "per" else {}
                if form.word == "trait" and key == "trait" and form.one_of:
                    continue
                if key == "linked_by" and value in operands.PRODUCT_PROPERTIES:
                    continue
                yield f"{form.word} {key}", {**head, key: value, **tested, **beside}
        if form.compared:
            for word, operand in TESTS:
                yield f"{form.word} {word}", {**head, word: operand}
        if form is grammar.TRAIT:
            for word, operand in TEXT_TESTS:
                yield f"trait {word}", {"trait": "tier", word: operand}


def samples(form: Form, key: str) -> tuple[Any, ...]:
    """Return what may stand under a key of a form."""
    shape = form.keys[key]
    if shape == "date":
        length = operands.DATES[key] == "duration"  # type: ignore[index]
        words = ("is", "is_not", "less_than", "at_least")
        return tuple({word: "3d" if length else 3} for word in words)
    return ONE_OF_EACH[shape]


@pytest.mark.parametrize(("said", "where"), list(of_grammar()))
def test_every_key_of_the_grammar_is_built_by_a_method(said: str, where: dict[str, Any]) -> None:
    segment = segments.from_json(json.dumps({"name": "s", "where": where}))
    source = segments.python(segment)
    assert "stated" not in source
    assert ran(segment) == [segment], source
    assert segments.parse(segments.write(segment), "s.yaml") == segment


def test_every_shape_of_the_grammar_has_an_example() -> None:
    shapes = {shape for form in grammar.FORMS for shape in form.keys.values()}
    assert shapes == ONE_OF_EACH.keys() | {"date"}


@settings(max_examples=150)
@given(st.integers(0, 1 << 40), st.data())
def test_a_key_that_the_grammar_does_not_have_is_refused_by_both(
    seed: int, data: st.DataObject
) -> None:
    keyed = Author(seed).segment()
    if read(keyed) is None:
        return
    node = keyed["where"]
    while isinstance(inner := next(iter(node.values())), list | dict) and data.draw(st.booleans()):
        node = inner[0] if isinstance(inner, list) else inner
        if not isinstance(node, dict):
            return
    node["wihtin"] = "3d"
    assert read(keyed) is None
    assert not SCHEMA.is_valid(keyed)


WRONG = """
did: 5
did: ''
did: identify
{}
[]
all: []
any: {}
not: []
is: gold
{did: purchase, within: 3}
{did: purchase, within: soon}
{did: purchase, within: 3 days}
{did: purchase, times: -1}
{did: purchase, times: 1.5}
{did: purchase, times: {}}
{did: purchase, times: {at_least: 1, at_most: 2}}
{did: purchase, times: 1, sum: {of: quantity, is: 1}}
{did: purchase, sum: {at_least: 1}}
{did: purchase, sum: {of: category, at_least: 1}}
{did: purchase, where: {}}
{did: purchase, where: {value_minor: lots}}
{did: purchase, where: {category: {missing: true}}}
{did: purchase, where: {machine: {more_than: true}}}
{did: purchase, where: {context.shoe: x}}
{did: purchase, weekdays: [someday]}
{did: purchase, weekdays: []}
{did: purchase, between_hours: [1]}
{did: purchase, between_hours: [1, 25]}
{did: purchase, after: tomorrow}
{did: purchase, first: {}}
{did: purchase, then: return, then_not: return}
{did_not: purchase, times: 2}
{trait: tier}
{trait: tier, is: gold, in: [gold]}
{trait: tier, at_least: gold}
{trait: tier, in: []}
{trait: tier, in: gold}
{trait: tier, missing: 1}
{trait: orders, is: many}
{trait: orders, at_least: true}
{trait: email, exists: true}
{trait: engagement, at_least: high}
{trait: orders, has: 5}
{trait: tier, days_ago: 3}
{trait: signed_up, days_ago: -3}
{trait: signed_up, days_ago: {exists: true}}
{trait: colours, has_all: []}
{model: churn}
{model: churn, at_least: high}
{list: 5}
{list: vip, is: 3}
{segment: ''}
{segment: a, did: purchase}
"""


@pytest.mark.parametrize("where", WRONG.strip().splitlines())
def test_wrong_texts_are_refused_by_the_reader_and_by_the_schema(where: str) -> None:
    document = segments.document(
        f"name: s\nwhere: {where}\n" if where[0] in "{[" else f"name: s\nwhere:\n  {where}\n",
        "s.yaml",
    )
    keyed = json.loads(json.dumps(document.value, default=date.isoformat))
    with pytest.raises(DefinitionError):
        segments.from_json(json.dumps(keyed))
    assert not SCHEMA.is_valid(keyed)


def test_errors_in_json_point_to_line_and_column() -> None:
    for text, where, says in (
        ('{"name": "s",\n "where": {"did": "purchse"}}', "s.json:2:12", "unknown event"),
        ('{"where":\n\t{"did": "return",\n  "times": {"at_least": "2"}}}', "s.json:1:1", "a name"),
        ('{"name": "s", "where":\n\t{"did": "return", "within": 3}}', "s.json:2:20", "length"),
        ('{"name": "s" "where": 1}', "s.json:1:14", "',' is missing"),
        ('{"name": "s", "name": "t"}', "s.json:1:15", "stands twice"),
        ('{"name": "s\n"}', "s.json:1:10", "does not end well"),
        ('{"name": "s", "where": NaN}', "s.json:1:24", "no value stands here"),
        ('{"name": "s", "where": {}} x', "s.json:1:28", "after the end"),
        ('{"name": ' + "[" * 300, "s.json:1:110", "too deeply"),
        ('{"name": ' + "9" * 5000 + "}", "s.json:1:10", "too long"),
    ):  # fmt: skip
        with pytest.raises(DefinitionError, match=says) as refused:
            segments.from_json(text, "s.json")
        assert refused.value.where == where, text


def test_json_may_be_written_as_json_is() -> None:
    one = segments.parse(
        '{"name":"s",\n\t"where":{"did":"\\u0070urchase","where":{"a\\/b":"\\ud83d\\uded2"}}}', "s"
    )
    assert one == segments.parse("{name: s, where: {did: purchase, where: {a/b: 🛒}}}", "s")

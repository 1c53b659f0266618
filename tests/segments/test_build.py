"""Segments written in Python are those of YAML and JSON; slips are told at the line of the call."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.segments import (
    all_of,
    any_of,
    build,
    build_events,
    build_traits,
    define,
    did,
    did_not,
    segment,
    stated,
    trait,
)
from tailorbird.segments.conditions import All, Any, Did, Not, Segment


def yaml(where: str) -> object:
    return segments.parse(f"name: s\nwhere: {where}\n", "s.yaml").condition


def test_the_examples_of_the_docstrings_run() -> None:
    for module in (build, build_events, build_traits):
        names = {name: getattr(segments, name) for name in build.__all__ if name != "Clause"}
        done = doctest.testmod(module, optionflags=doctest.ELLIPSIS, extraglobs=names)
        assert (done.failed, done.attempted > 2) == (0, True)


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        (did("purchase"), "{did: purchase}"),
        (did_not("purchase").older_than("1h"), "{did_not: purchase, older_than: 1h}"),
        (did("purchase").times(3), "{did: purchase, times: 3}"),
        (did("purchase").times(is_in=(1, 2)), "{did: purchase, times: {in: [1, 2]}}"),
        (
            did("purchase").sum("value_minor", at_least=5000).within("30d"),
            "{did: purchase, sum: {of: value_minor, at_least: 5000}, within: 30d}",
        ),
        (
            did("purchase").where(category=["garden", "kitchen"]).where({"machine": False}),
            "{did: purchase, where: {category: [garden, kitchen], machine: false}}",
        ),
        (
            did("add_to_cart").within("2d").then_not("purchase").within("24h"),
            "{did: add_to_cart, then_not: purchase, within: 24h, since: 2d}",
        ),
        (
            did("purchase").where(category="garden").after(did("add_to_cart").older_than("1h")),
            "{did: add_to_cart, then: purchase, then_where: {category: garden}, older_than: 1h}",
        ),
        (trait("tier").is_in("gold", "silver"), "{trait: tier, in: [gold, silver]}"),
        (trait("orders").at_least(3), "{trait: orders, at_least: 3}"),
        (trait("shoe_size").missing(), "{trait: shoe_size, missing: true}"),
        (segment("staff"), "{segment: staff}"),
        (~segment("staff"), "{not: {segment: staff}}"),
        (
            did("purchase") & did("return") & segment("a") | segment("b"),
            "{any: [{all: [{did: purchase}, {did: return}, {segment: a}]}, {segment: b}]}",
        ),
        (all_of(any_of(segment("a"))), "{all: [{any: [{segment: a}]}]}"),
        (stated({"did": "purchase", "within": "1d"}), "{did: purchase, within: 1d}"),
    ],
)
def test_a_clause_is_the_tree_of_its_yaml(clause: build.Clause, text: str) -> None:
    assert clause.condition == yaml(text)
    names = {name: getattr(build, name) for name in build.__all__}
    assert eval(repr(clause), names) == clause


def test_groups_stay_groups_where_they_are_made_by_name() -> None:
    one, two, three = did("purchase"), did("return"), segment("a")
    assert (one & (two & three)).condition == All((one.condition, two.condition, three.condition))
    assert all_of(all_of(one, two), three).condition == All(
        (All((one.condition, two.condition)), three.condition)
    )
    assert any_of(one).condition == Any((Did("purchase"),))
    assert (~(one | two)).condition == Not(Any((one.condition, two.condition)))


def test_slips_are_told_at_the_line_of_the_call_with_the_mend() -> None:
    for make, says in (
        (lambda: did("purchse"), "unknown event 'purchse'; did you mean 'purchase'"),
        (lambda: did("purchase").within("soon"), "'soon' is no length of time; write a length"),
        (lambda: did("purchase").within("1h").older_than("2h"), "make 'within' the longer"),
        (lambda: did("purchase").where(value_minor="lots"), "money is in minor units"),
        (lambda: trait("teir").is_("gold"), "did you mean 'tier'"),
        (lambda: trait("email").exists(), "personal field"),
        (lambda: trait("orders").at_least("many"), "write a whole number"),
        (lambda: did("purchase").times(at_least=2).then("return"), "unknown key 'times'"),
        (lambda: did("purchase").within("1d").after(did("return")), "of the other"),
        (lambda: all_of(), "the group is empty; give it a condition"),
        (lambda: bool(did("purchase")), "write `&`, `|` and `~`"),
        (lambda: define("s", trait("tier")), "compare it"),  # type: ignore[arg-type]
    ):
        with pytest.raises(DefinitionError, match=says) as refused:
            make()
        file, _, line = refused.value.where.rpartition(":")
        assert (Path(file).name, int(line)) == (Path(__file__).name, make.__code__.co_firstlineno)


def test_python_json_and_yaml_are_views_of_one_tree() -> None:
    for name, text in segments.library().items():
        here = segments.parse(text, f"{name}.yaml")
        assert segments.from_json(segments.to_json(here)) == here
        assert segments.parse(segments.to_json(here), "s.json") == here
        made: dict[str, object] = {}
        exec(segments.python(here), made)
        assert [each for each in made.values() if isinstance(each, Segment)] == [here]

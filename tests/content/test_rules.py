"""Rules choose one block for each person, and a rule that is in vain is refused with its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from tailorbird.content.rules import Slot, parse_slot
from tailorbird.content.rules_choose import Choice, Circumstances, choose
from tailorbird.content.rules_reach import Asks, Question, check_reach
from tailorbird.errors import DefinitionError

FILE = "slots/offer.yaml"
OFFER = """\
slot: offer
rules:
  - if: {segment: premium}
    show:
      - if: {did: purchase, within: 30d}
        show: offer_a
        at_most: {times: 2, days: 30}
      - else: offer_b
  - elif: {recommendations: {at_least: 2, category: garden}}
    show: picks
  - elif: {missing: person.first_name}
    show: nothing
  - else: basic
"""
NOON = datetime.fromisoformat("2026-03-04T12:00")  # a Wednesday


def shown(
    slot: Slot,
    *answers: bool,
    values: Mapping[str, Any] | None = None,
    clock: datetime = NOON,
    times: int = 0,
) -> Choice:
    values = {"person": {"first_name": "Ada"}} if values is None else values
    return choose(slot, Circumstances(answers, values, clock, lambda block, days: times))


def refused(text: str) -> str:
    with pytest.raises(DefinitionError) as caught:
        checked(text)
    return caught.value.sentence()


def checked(text: str) -> Slot:
    """Return a slot whose asked conditions are unknown truths, but traits, which are compared."""
    slot = parse_slot(text, FILE)
    answers = []
    for asked in slot.asked:
        name, *rest = asked.value.values()
        if "trait" not in asked.value:
            answers.append(Asks(Question(str(asked.value), "=", (True,), sure=True)))
            continue
        (word,) = [key for key in asked.value if key != "trait"]
        ops: dict[str, Any] = {"is": "=", "at_least": ">=", "less_than": "<", "in": "in"}
        operands = rest[0] if isinstance(rest[0], list) else rest
        answers.append(Asks(Question(f"traits.{name}", ops[word], tuple(operands))))
    check_reach(slot, answers)
    return slot


def rules(*lines: str) -> str:
    return "slot: offer\nrules:\n" + "".join(f"  - {line}\n" for line in lines)


def test_the_first_rule_that_fits_counts() -> None:
    slot = checked(OFFER)
    assert shown(slot, True, True) == Choice("offer_a", "1.1")
    assert shown(slot, True, False) == Choice("offer_b", "1.2")
    assert shown(slot, False, True) == Choice("basic", "4")


def test_recommendations_and_what_is_missing_can_be_asked() -> None:
    slot = checked(OFFER)
    garden = {"recommendations": [{"category": "garden"}] * 2, "person": {"first_name": "A"}}
    assert shown(slot, False, False, values=garden) == Choice("picks", "2")
    assert shown(slot, False, False, values={"person": {"first_name": " "}}) == Choice("", "3")


def test_a_block_that_was_shown_often_enough_makes_way() -> None:
    assert shown(checked(OFFER), True, True, times=2) == Choice("offer_b", "1.2", ("1.1",))
    assert shown(checked(OFFER), True, True, times=1) == Choice("offer_a", "1.1")


def test_priority_goes_before_order() -> None:
    slot = checked(
        rules(
            "{if: {segment: a}, show: one}",
            "{elif: {segment: b}, show: two, priority: 5}",
            "{else: three}",
        )
    )
    assert shown(slot, True, True).block == "two"
    assert shown(slot, True, False).block == "one"


def test_where_no_rule_fits_nothing_is_shown() -> None:
    slot = checked(rules("{if: {segment: a}, show: one}"))
    assert shown(slot, False) == Choice("", "")


def test_the_clock_can_be_asked() -> None:
    slot = checked(
        rules(
            "{if: {time: {weekdays: [sat, sun]}}, show: weekend}",
            "{elif: {time: {between_hours: [22, 6]}}, show: night}",
            "{elif: {time: {before: 2026-01-01}}, show: last_year}",
            "{else: day}",
        )
    )
    assert shown(slot).block == "day"
    assert shown(slot, clock=datetime.fromisoformat("2026-03-07T12:00")).block == "weekend"
    assert shown(slot, clock=datetime.fromisoformat("2026-03-04T23:00")).block == "night"
    assert shown(slot, clock=datetime.fromisoformat("2025-12-31T12:00")).block == "last_year"


def test_how_much_is_known_of_a_person_can_be_asked() -> None:
    of = "{of: [person.first_name, traits.tier, traits.country], at_least: 2}"
    slot = checked(rules(f"{{if: {{known: {of}}}, show: much}}", "{else: little}"))
    person = {"first_name": "Ada"}
    assert shown(slot, values={"person": person, "traits": {"tier": "gold"}}).block == "much"
    assert shown(slot, values={"person": person, "traits": {}}).block == "little"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ["{if: {segment: a}, show: one}", "{elif: {segment: a}, show: two}"],
            f"{FILE}:4: rule 2 is never reached: rule 1 takes everybody whom it fits; "
            "put it above rule 1, or take it out",
        ),
        (
            [
                "{if: {trait: tier, in: [gold, silver]}, show: one}",
                "{elif: {all: [{trait: tier, is: gold}, {segment: a}]}, show: two}",
            ],
            f"{FILE}:4: rule 2 is never reached: rule 1 takes everybody whom it fits; "
            "put it above rule 1, or take it out",
        ),
        (
            ["{if: {all: [{trait: tier, is: gold}, {trait: tier, is: silver}]}, show: one}"],
            f"{FILE}:3: rule 1 is never reached: nobody can fit it; "
            "mend its conditions, or take it out",
        ),
        (
            [
                "{if: {trait: orders, at_least: 5}, show: one}",
                "{elif: {trait: orders, less_than: 5}, show: two}",
                "{elif: {trait: orders, at_least: 3}, show: three}",
            ],
            f"{FILE}:5: rule 3 is never reached: rules 1, 2 together take everybody whom it fits; "
            "put it above them, or take it out",
        ),
        (
            [
                "{if: {segment: a}, show: [{if: {not: {segment: a}}, show: one}]}",
            ],
            f"{FILE}:3: rule 1.1 is never reached: nobody can fit it; "
            "mend its conditions, or take it out",
        ),
        (
            [
                "{if: {recommendations: {at_least: 2}}, show: one}",
                "{elif: {recommendations: {at_least: 3}}, show: two}",
            ],
            f"{FILE}:4: rule 2 is never reached: rule 1 takes everybody whom it fits; "
            "put it above rule 1, or take it out",
        ),
        (
            [
                "{if: {segment: a}, show: one}",
                "{elif: {not: {segment: a}}, show: two}",
                "{else: three}",
            ],
            f"{FILE}:5: rule 3 is never reached: rules 1, 2 together take everybody whom it fits; "
            "put it above them, or take it out",
        ),
        (
            [
                "{if: {segment: a}, show: one, priority: 1}",
                "{elif: {any: [{segment: a}, {segment: b}]}, show: two, priority: 3}",
            ],
            f"{FILE}:3: rule 1 is never reached: rule 2 takes everybody whom it fits; "
            "give it a higher priority, or take it out",
        ),
    ],
)
def test_a_rule_that_is_never_reached_is_refused_with_its_place(
    lines: list[str], told: str
) -> None:
    assert refused(rules(*lines)) == told


@pytest.mark.parametrize(
    "lines",
    [
        ["{if: {trait: tier, is: gold}, show: one}", "{elif: {trait: tier, is: silver}, show: x}"],
        [
            "{if: {trait: orders, at_least: 5}, show: one}",
            "{elif: {trait: orders, less_than: 5}, show: two}",
            "{else: three}",  # whose number of orders is missing
        ],
        [
            "{if: {segment: a}, show: one, at_most: {times: 1, days: 7}}",
            "{elif: {segment: a}, show: two}",  # when the first was shown often enough
        ],
        [
            "{if: {recommendations: {at_least: 3}}, show: one}",
            "{elif: {recommendations: {at_least: 2}}, show: two}",
        ],
    ],
)
def test_a_rule_that_somebody_can_reach_is_taken(lines: list[str]) -> None:
    checked(rules(*lines))


def test_many_rules_are_judged_in_bounded_time() -> None:
    lines = [
        f"{{if: {{any: [{{segment: a{n}}}, {{segment: b{n}}}]}}, show: x{n}}}" for n in range(60)
    ]
    checked(rules(*lines))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: []", "slots/offer.yaml:1: a slot needs a name; write `slot: offer`"),
        (rules("{elif: {segment: a}, show: x}"), f"{FILE}:3: `elif` is the first rule; "
         "write `if:`"),
        (rules("{else: a}", "{else: b}"), f"{FILE}:3: `else` is not the last rule; "
         "move it to the end"),
        (rules("{if: {segment: a}}"), f"{FILE}:3: a rule shows a block; write `show: NAME` or "
         "`show: nothing`"),
        (rules("{if: {segmnt: a}, show: x}"), f"{FILE}:3: no condition starts with 'segmnt'; "
         "did you mean 'segment'?"),
        (rules("{if: {known: email}, show: x}"), f"{FILE}:3: 'email' is no path of a value; write "
         "`traits.NAME`, `person.first_name`, `recommendations` or "
            "`product_browse_history`"),
        (rules("{if: {segment: a}, show: x, at_most: 3}"), f"{FILE}:3: a mapping is needed; "
         "with the keys times, days"),
        (rules("{if: {time: {weekdays: [funday]}}, show: x}"), f"{FILE}:3: no such weekdays; "
         "write `[mon, tue]`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    assert refused(text) == told

"""A journey as a graph: which split keeps some people from a step."""

from __future__ import annotations

from tailorbird.journeys import graph, parse_journey

NESTED = """\
name: nested
trigger: {event: visited}
steps:
  - split:
      told:
        share: 3
        steps:
          - {send: first, template: plain, subject: A}
          - split:
              more: {steps: [{send: second, template: plain, subject: B}]}
              less: {}
            id: inner
      silent: {}
    id: outer
  - {send: last, template: plain, subject: C}
"""


def test_the_last_split_that_keeps_some_from_a_step_is_found() -> None:
    journey = parse_journey(NESTED, "nested.yaml")
    found = {name: graph.split_before(journey, name) for name in ("first", "second", "last")}
    assert {name: split.id if split else "" for name, split in found.items()} == {
        "first": "outer", "second": "inner", "last": "",
    }  # fmt: skip
    inner = found["second"]
    assert inner is not None
    assert graph.arms_to(journey, inner, "second") == {"more"}


def test_who_comes_round_again_draws_the_same_arm() -> None:
    again = NESTED + "  - wait: 1d\n  - jump: {to: outer, most: 2}\n"
    split = graph.split_before(parse_journey(again, "nested.yaml"), "first")
    assert split is not None
    assert split.id == "outer"


def test_a_way_past_the_split_keeps_nobody() -> None:
    past = NESTED.replace("silent: {}", "silent: {steps: [{jump: first}]}")
    assert graph.split_before(parse_journey(past, "nested.yaml"), "first") is None


AFTER = """\
name: after
trigger: {event: visited}
steps:
  - {send: first, template: plain, subject: A}
  - wait: 1d
  - split:
      again: {steps: [{jump: {to: first, most: 2}}]}
      enough: {steps: [{send: last, template: plain, subject: C}]}
"""


def test_a_split_after_a_step_keeps_nobody_from_it() -> None:
    """Everybody had it once by then; from what comes after the split it does keep some."""
    journey = parse_journey(AFTER, "after.yaml")
    assert graph.split_before(journey, "first") is None
    assert graph.split_before(journey, "last") is not None

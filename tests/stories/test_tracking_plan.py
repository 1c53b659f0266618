"""The tracking plan: judges what comes after it, and every record alike, whenever it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird.app import Tailorbird
from tailorbird.collect.mending import parse_rule
from tailorbird.collect.plan import NAME
from tailorbird.errors import DefinitionError
from tailorbird.repair import Which
from tailorbird.schema import Body, Instant

NOW: Instant = 1_760_000_000_000_000
PLAN = """\
tracking_plan: shop
events:
  Product Viewed:
    on_violation: quarantine
    properties:
      product_id: {type: text, required: true}
      colour: {type: text, one_of: [red, green]}
      price: {type: number, min: 0, max: 500}
      stars: {type: number, min: 1, max: 5}
  coupon_entered:
    properties:
      code: {type: text, pattern: "[A-Z]+[0-9]*", required: true}
"""


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment={}, clock=lambda: NOW) as opened:
        yield opened


def tell(tb: Tailorbird, *messages: dict[str, Any]) -> None:
    batch = [{"type": "track", "userId": "u1", **message} for message in messages]
    tb.world.log.append([Body("web", NOW, json.dumps({"batch": batch}).encode())])
    tb.ingest()


def viewed(number: int, **properties: Any) -> dict[str, Any]:
    return {
        "event": "Product Viewed", "messageId": f"v{number}",
        "properties": {"product_id": "p1", **properties},
    }  # fmt: skip


def coupon(number: int, code: Any) -> dict[str, Any]:
    return {
        "event": "Coupon Entered", "messageId": f"c{number}", "properties": {"code": code}
    }  # fmt: skip


def facts(tb: Tailorbird) -> dict[str, list[dict[str, Any]]]:
    tables = ("facts", "properties", "lines", "people", "duplicates", "violations")
    return {
        name: tb.world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in tables
    }


def events(tb: Tailorbird) -> int:
    return len(facts(tb)["facts"])


def test_without_a_plan_everything_is_taken(tb: Tailorbird) -> None:
    tell(tb, viewed(1, stars="dear"), coupon(1, 7))
    assert events(tb) == 2
    assert facts(tb)["violations"] == []


def test_what_breaks_the_plan_is_held_with_its_line_or_taken_and_counted(tb: Tailorbird) -> None:
    tb.put("tracking_plan", NAME, PLAN)
    tell(tb, viewed(1, stars="dear"), viewed(2, price=5), coupon(1, "summer"), coupon(2, "SUN7"))
    assert events(tb) == 3
    (held,) = tb.quarantine.page(state="held").records
    assert held.code == "tracking_plan"
    wants = "version 1, line 9, wants stars of product_viewed to be a number from 1 to 5"
    assert wants in held.reason
    assert "it is a text" in held.reason
    assert "dear" not in held.reason
    (flagged,) = facts(tb)["violations"]
    assert (flagged["event"], flagged["property"], flagged["problem"], flagged["line"]) == (
        "coupon_entered", "code", "no_match", 12,
    )  # fmt: skip


def test_an_event_that_says_of_consent_is_never_held(tb: Tailorbird) -> None:
    tb.put("tracking_plan", NAME, "tracking_plan: none\nunknown_events: quarantine\n")
    no = {"email_marketing": False}
    tell(tb, {"type": "identify", "messageId": "1", "context": {"consent": no}}, coupon(1, "A"))
    assert [one.code for one in tb.quarantine.page().records] == ["tracking_plan"]
    person = tb.person("u1")
    assert tb.world.people.consent_states([person])[person].withdrawn


def test_a_held_record_is_mended_by_a_rule_and_replayed(tb: Tailorbird) -> None:
    tb.put("tracking_plan", NAME, PLAN)
    tell(tb, viewed(1, price="12.50"), viewed(2, colour="blue"))
    rule = parse_rule(
        "rule: prices\nwhere: {code: tracking_plan, present: [properties.price]}\n"
        "change: [{set: properties.price, to: 12.5}]\n",
        "rule.yaml",
    )
    fixed = tb.quarantine.fix_many(rule)
    assert (fixed.matched, fixed.passing) == (1, 1)
    replayed = tb.quarantine.replay(Which(code="tracking_plan"))
    assert (replayed.replayed, replayed.refused) == (1, 1)
    tb.ingest()
    assert events(tb) == 1


def test_a_plan_that_was_wrong_is_put_right_and_what_it_held_is_replayed(tb: Tailorbird) -> None:
    tb.put("tracking_plan", NAME, PLAN)
    tell(tb, viewed(1, colour="blue"))
    assert events(tb) == 0
    tb.put("tracking_plan", NAME, PLAN.replace("[red, green]", "[red, green, blue]"))
    assert tb.quarantine.replay(Which(code="tracking_plan")).replayed == 1
    tb.ingest()
    assert events(tb) == 1


def test_a_rebuild_judges_each_record_by_the_plan_of_its_time(tb: Tailorbird) -> None:
    tell(tb, viewed(1, stars="dear"), coupon(1, "summer"))
    tb.put("tracking_plan", NAME, PLAN)
    tell(tb, viewed(2, stars="dear"), viewed(3, price=7), coupon(2, "summer"), coupon(2, "summer"))
    tb.put("tracking_plan", NAME, "tracking_plan: open\n")
    tell(tb, viewed(4, stars="dear"), coupon(3, "summer"))
    before = facts(tb)
    assert [row["events"] for row in before["violations"]] == [2]
    assert [row["events"] for row in before["duplicates"]] == [1]
    assert len(before["facts"]) == 6
    tb.rebuild()
    after = facts(tb)
    for name in ("facts", "properties", "lines", "people"):
        assert after[name] == before[name], name
    for name in ("violations", "duplicates"):
        assert totals(after[name]) == totals(before[name])


def totals(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """A rebuild reads in larger batches: the rows are fewer, and say the same."""
    return sorted(tuple(v for k, v in row.items() if k != "log_offset") for row in rows)


def test_counts_are_kept_once_when_a_kill_came_before_the_facts(
    tb: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    tb.put("tracking_plan", NAME, PLAN)
    append = tb.world.facts.append

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tb.world.facts, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        tell(tb, coupon(1, "summer"), coupon(1, "summer"))
    monkeypatch.setattr(tb.world.facts, "append", append)
    tb.ingest()
    tell(tb, coupon(2, "winter"))
    assert [row["events"] for row in facts(tb)["violations"]] == [2, 1]
    assert [row["events"] for row in facts(tb)["duplicates"]] == [1]


def test_a_personal_property_stays_in_the_log_and_out_of_the_facts(tb: Tailorbird) -> None:
    plan = PLAN + "      nickname: {personal: true}\n"
    tb.put("tracking_plan", NAME, plan)
    event = coupon(1, "SUN")
    event["properties"]["nickname"] = "annie"
    tell(tb, event)
    assert [row["name"] for row in facts(tb)["properties"]] == ["code"]


def test_a_wrong_plan_is_not_put(tb: Tailorbird) -> None:
    with pytest.raises(DefinitionError, match=r"tracking-plan\.yaml:4: .*swap"):
        tb.put(
            "tracking_plan",
            NAME,
            "tracking_plan: x\nevents:\n  a:\n    properties: {b: {type: number, min: 2, max: 1}}",
        )
    assert tb.world.definitions.get("tracking_plan", NAME) is None

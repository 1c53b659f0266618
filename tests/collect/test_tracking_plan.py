"""A tracking plan is read with its lines, judges by closures, and can be derived from what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.collect.decode import Decoded, decode
from tailorbird.collect.plan import parse
from tailorbird.collect.plan_check import judge, refusals
from tailorbird.collect.plan_observe import Observed, written
from tailorbird.collect.plan_rules import Judge
from tailorbird.errors import DefinitionError
from tailorbird.schema import Body, LogRecord

Decoding = Callable[..., Decoded]
NOW = 1_760_000_000_000_000


def broken(plan: str, decoded: Decoded) -> list[tuple[str, str]]:
    """Return (property, problem) of everything that one event breaks."""
    (event,) = decoded.events
    return [(one.property, one.problem) for one in Judge(parse(plan)).violations(event)]


def said(event: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "track", "event": event, "userId": "u1", "messageId": "m", "properties": properties
    }  # fmt: skip


def plan_of(rule: str, event: str = "rated") -> str:
    return f"tracking_plan: t\nevents:\n  {event}:\n    properties:\n      {rule}\n"


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        ("x: {type: number}", 3, None),
        ("x: {type: number}", 3.5, None),
        ("x: {type: number}", True, "wrong_type"),
        ("x: {type: number}", "3", "wrong_type"),
        ("x: {type: integer}", 3.0, None),
        ("x: {type: integer}", 3.5, "wrong_type"),
        ("x: {type: boolean}", 1, "wrong_type"),
        ("x: {type: text}", "", None),
        ("x: {type: text}", 5, "wrong_type"),
        ("x: {type: time}", "2025-02-30", "wrong_type"),
        ("x: {type: time}", "2025-02-28T10:00:00Z", None),
        ("x: {type: number, min: 1}", 1, None),
        ("x: {type: number, min: 1}", 0.99, "out_of_range"),
        ("x: {type: number, max: 5}", 5, None),
        ("x: {type: number, max: 5}", 6, "out_of_range"),
        ("x: {one_of: [1, 2]}", True, "not_listed"),
        ("x: {one_of: [S, M]}", "M", None),
        ("x: {type: text, longest: 3}", "abcd", "too_long"),
        ("x: {type: text, pattern: 'a+'}", "aab", "no_match"),
        ("x: {type: text, pattern: 'a+'}", "aa", None),
        # Python's own expressions would not end on this one.
        ("x: {type: text, pattern: '(a+)+b'}", "a" * 60, "no_match"),
        ("x: {required: true}", None, "missing"),
        ("x: {type: number}", None, None),
        ("x: null", [1, 2], None),
    ],
)
def test_a_rule_asks_what_it_says(
    decoding: Decoding, rule: str, value: Any, problem: str | None
) -> None:
    found = broken(plan_of(rule), decoding(said("rated", x=value)))
    assert found == ([("x", problem)] if problem else [])


def test_an_order_is_judged_by_its_fields_and_products(decoding: Decoding) -> None:
    plan = """
tracking_plan: t
events:
  Order Completed:
    properties:
      order_id: {type: text, pattern: "A[0-9]+"}
      total: {type: number, max: 100}
      products.price: {type: number, min: 0.01}
      products.name: {required: true}
"""
    lines = [
        {"product_id": "p", "price": 0, "name": "Cup"},
        {"product_id": "q", "price": 0, "name": "Mug"},
    ]
    decoded = decoding(said("Order Completed", order_id="7", total=100.01, products=lines))
    assert broken(plan, decoded) == [
        ("order_id", "no_match"), ("value", "out_of_range"), ("products.price", "out_of_range"),
    ]  # fmt: skip


def test_an_amount_is_judged_in_the_units_of_its_currency(decoding: Decoding) -> None:
    plan = plan_of("total: {type: number, max: 5000}", "purchase")
    order = {"order_id": "1", "products": [], "total": 4000}
    for currency in ("EUR", "JPY", "KWD"):
        assert broken(plan, decoding(said("purchase", **order, currency=currency))) == []


def test_what_a_plan_does_not_name_is_allowed_counted_or_held(decoding: Decoding) -> None:
    decoded = decoding(said("surprise", x=1))
    plan = "tracking_plan: t\n"
    assert broken(plan, decoded) == []
    assert broken(plan + "unknown_events: flag\n", decoded) == [("", "unknown_event")]
    closed = plan_of("y: null", "surprise").replace(
        "    prop", "    unknown_properties: violation\n    prop"
    )
    assert broken(closed, decoded) == [("", "unknown_property")]


def test_what_we_did_ourselves_is_not_judged() -> None:
    body = Body("delivery", NOW, b'{"type":"track","event":"email_sent","context":{"personId":3}}')
    decoded = decode([LogRecord(1, body)])
    assert len(decoded.events) == 1
    judged = judge([Judge(parse("tracking_plan: t\nunknown_events: quarantine\n"))], decoded.events)
    assert judged.events == decoded.events


def test_who_somebody_is_needs_no_plan(decoding: Decoding) -> None:
    decoded = decoding({"type": "identify", "userId": "u", "traits": {"size": "L"}})
    assert broken("tracking_plan: t\nunknown_events: quarantine\n", decoded) == []
    plan = plan_of("email: {required: true}", "identify")
    assert broken(plan, decoded) == [("email", "missing")]


def test_a_held_event_keeps_its_own_bytes(decoding: Decoding) -> None:
    good, bad = (
        b'{"type":"track","event":"rated","userId":"u","properties":{"x":1}}',
        b'{"type":"track","event":"rated","userId":"u", "properties": {"x": "%s"}}' % b"secret",
    )
    record = LogRecord(9, Body("web", NOW, b'{"batch":[' + good + b"," + bad + b"]}"))
    plan = plan_of("x: {type: number}").replace(
        "    prop", "    on_violation: quarantine\n    prop"
    )
    judged = judge([Judge(parse(plan, version=4))], decode([record]).events)
    (refused,) = refusals(judged, [record])
    assert refused.raw == bad
    assert refused.position == (9 << 20) + 1
    assert "version 4, line 6" in refused.reason
    assert "secret" not in refused.reason + refused.mend


def test_what_is_missing_is_named_and_how_to_send_it() -> None:
    record = LogRecord(1, Body("web", NOW, b'{"type":"track","event":"rated","userId":"u"}'))
    plan = plan_of("x: {required: true}").replace(
        "    prop", "    on_violation: quarantine\n    prop"
    )
    (refused,) = refusals(judge([Judge(parse(plan))], decode([record]).events), [record])
    assert refused.reason.endswith("line 6, wants x of rated, which is missing")
    assert refused.mend.startswith("send a value, or put a plan that allows it")


def test_each_event_is_judged_by_the_version_of_its_place_in_the_log() -> None:
    versions = [
        Judge(parse(plan_of(f"x: {{type: number, max: {limit}}}"), version=limit, after=after))
        for limit, after in ((1, 2), (2, 4), (3, 4))
    ]
    bodies = [
        LogRecord(n, Body("web", NOW, b'{"type":"track","event":"rated","userId":"u",'
                  b'"messageId":"%d","properties":{"x":9}}' % n))
        for n in range(1, 7)
    ]  # fmt: skip
    judged = judge(versions, decode(bodies).events)
    assert len(judged.events) == 6
    assert {v.version: n for (_, _, v), n in judged.flagged.items()} == {1: 2, 3: 2}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tracking_plan: t\nevnts: {}\n", r":2: .*did you mean 'events'"),
        (plan_of("x: {type: nmber}"), r":5: "),
        (plan_of("x: {min: 3}"), r":5: .*need a number"),
        (plan_of("x: {type: number, min: 3, max: 2}"), r":5: .*swap"),
        (plan_of("x: {type: text, pattern: '('}"), r":5: .*regular expression"),
        (plan_of("x: {type: text, pattern: '(?=a)b'}"), r":5: .*regular expression"),
        (plan_of("x: {pattern: 'a'}"), r":5: .*type: text"),
        (plan_of("products.colour: null"), r":5: .*known: item"),
        (plan_of("city: {personal: true}", "identify"), r":5: .*personal"),
        (plan_of("sku: null\n      product_id: null"), r":6: .*stands above"),
        ("tracking_plan: t\nevents: {Order Completed: , purchase: }\n", r":2: .*stands"),
        ("tracking_plan: t\nunknown_events: deny\n", r":2: "),
    ],
)  # fmt: skip
def test_a_wrong_plan_says_where_and_how_to_mend_it(text: str, complaint: str) -> None:
    with pytest.raises(DefinitionError, match="tracking-plan.yaml" + complaint):
        parse(text)


def test_what_was_observed_becomes_a_plan_without_personal_values(decoding: Decoding) -> None:
    observed = Observed()
    for n in range(60):
        observed.see(decoding(said("rated", x=n % 5, size="SML"[n % 3])).events)
        traits = {"first_name": "Ann", "email": "ann@shop.example", "tier": "gold"}
        observed.see(decoding({"type": "identify", "userId": "u", "traits": traits}).events)
    text = written(observed, "shop")
    assert 'size: {type: text, required: true, one_of: ["L", "M", "S"]}  # 60 of 60' in text
    assert "x: {type: integer, required: true, min: 0, max: 5}  # 60 of 60; 0 to 4" in text
    assert "first_name: {type: text, required: true}  # 60 of 60" in text
    assert "Ann" not in text
    assert "shop.example" not in text


names = st.text(min_size=1, max_size=8)
scalars = st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8) | st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(names, st.dictionaries(names, scalars, max_size=4)), max_size=8))
def test_whatever_was_observed_fits_the_plan_that_comes_of_it(
    messages: list[tuple[str, dict[str, Any]]],
) -> None:
    import msgspec

    batch = [said(name, **properties) for name, properties in messages]
    content = msgspec.json.encode({"batch": batch})
    decoded = decode([LogRecord(1, Body("web", NOW, content))])
    observed = Observed()
    observed.see(decoded.events)
    judge_ = Judge(parse(written(observed, "what came")))
    assert [v for event in decoded.events for v in judge_.violations(event)] == []

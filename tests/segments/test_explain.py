"""Why one person is in a segment: every condition with its value and what made it so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tailorbird import segments
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Instant
from tailorbird.segments import Evidence, Reason, Segment
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]


def test_every_leaf_has_its_value_its_threshold_and_its_events(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    bought = happen(7, "purchase", now - DAY, order_id="o1", category="garden", value_minor=900)
    named = happen(7, "identify", now, traits={"country": "DE"})
    segment = define(
        "all:\n"
        "  - {did: purchase, within: 30d, times: {at_least: 2}}\n"
        "  - {trait: country, is: DE}\n"
        "  - not: {did_not: purchase}\n"
    )
    explained = segments.explain(facts, segment, 7, as_of=now)
    purchase = Evidence(bought, "purchase", now - DAY, "o1", "i1")
    assert not explained.member
    assert explained.next_check == now + 29 * DAY
    assert explained.reason == Reason(
        "all of these",
        holds=False,
        parts=(
            Reason(
                "did purchase in the last 30d, and how often is at least 2",
                False, 1, "is at least 2", (purchase,),
            ),
            Reason(
                "country is DE", True, "DE", "is DE",
                (Evidence(named, "country", now, None, "DE"),),
            ),
            Reason(
                "not this", True,
                parts=(Reason("did not purchase", False, 1, "is 0", (purchase,)),),
            ),
        ),
    )  # fmt: skip


def test_values_are_shown_as_authors_write_them(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "email_clicked", now)
    happen(1, "add_to_cart", now)
    segment = define(
        "any:\n"
        "  - {trait: engagement, at_least: 2.5}\n"
        "  - {trait: first_order_at, exists: true}\n"
        "  - {did: add_to_cart, then_not: purchase}\n"
    )
    parts = segments.explain(facts, segment, 1, as_of=now).reason.parts
    assert [(part.holds, part.value) for part in parts] == [
        (True, 3.0), (False, None), (True, "2024-10-04T00:00:00Z"),
    ]  # fmt: skip


def test_at_most_five_events_are_shown_the_latest_first(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    for day in range(8):
        happen(1, "purchase", now - day * DAY)
    (reason,) = [segments.explain(facts, define("did: purchase"), 1, as_of=now).reason]
    assert reason.value == 8
    assert [event.at for event in reason.evidence] == [now - day * DAY for day in range(5)]


def test_another_segment_is_explained_in_full(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    buyers = define("did: purchase", "buyers")
    explained = segments.explain(facts, define("segment: buyers"), 1, [buyers], as_of=now)
    assert explained.reason.text == "is in the segment buyers"
    assert [part.text for part in explained.reason.parts] == ["did purchase"]
    assert explained.lines() == [
        "person 1 is in s",
        "  yes is in the segment buyers",
        "    yes did purchase: 1",
        "        2024-10-04T00:00:00Z purchase",
    ]


def test_events_of_machines_are_no_evidence_of_engagement(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "email_opened", now, machine=True)
    segment = define("trait: engagement\nmore_than: 0")
    reason = segments.explain(facts, segment, 1, as_of=now).reason
    assert (reason.holds, reason.value, reason.evidence) == (False, 0.0, ())


def test_nobody_has_that_number(facts: DuckFacts, define: Define, now: Instant) -> None:
    with pytest.raises(UsageError, match="nobody has the number 5"):
        segments.explain(facts, define("did: purchase"), 5, as_of=now)

"""What comes while a journey or a segment is refused is not lost, and no past is told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.journeying.refused import REFUSED, SPRING, keep

from tailorbird import authoring, flow
from tailorbird.errors import DefinitionError
from tailorbird.schema import HOUR, SECOND, DefinitionKind

CART = """\
name: cart
trigger: {event: add_to_cart}
exit_when: {event: purchase}
steps:
  - wait: 1d
"""
ODD = "name: odd\nwhere: {did: email_opened}\n"


def refuse(*_: Any) -> Any:
    raise DefinitionError("unknown field 'fancy'", where="journeys/cart.yaml:6", mend="leave it")


def test_who_bought_while_the_version_of_her_journey_was_refused_leaves_when_it_reads_again(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(shop, "journey", "cart", CART)
    shop.event("ann", "add_to_cart")
    shop.event("ben", "add_to_cart")
    shop.tick(1)
    with monkeypatch.context() as older:
        older.setattr(authoring, "find_journey", refuse)
        shop.event("ann", "purchase")
        shop.tick(60)
        assert shop.where("ann").ended == ""
    shop.tick(60)
    assert shop.where("ann").ended == "left"
    assert shop.where("ben").ended == ""


def test_why_tells_of_a_campaign_that_was_sent_what_it_told_before_a_segment_broke(
    shop: Any,
) -> None:
    shop.tb.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
    shop.tb.put("segment", "odd", ODD)
    shop.event("ann", "purchase")
    shop.tick(1)
    keep(shop, "campaign", "spring", SPRING)
    shop.tick(3 * HOUR / SECOND)
    assert shop.mails() == [("spring", "ann")]
    ben, then = shop.tb.person("ben"), shop.now
    before = shop.tb.readings.why(ben, "spring", then)
    shop.now += 60 * SECOND
    keep(shop, "segment", "odd", REFUSED)
    shop.tick(60)
    assert shop.tb.readings.why(ben, "spring", shop.now) == before
    assert before.answer == "not_in_audience"


def test_why_says_nothing_of_a_past_audience_that_cannot_be_asked(shop: Any) -> None:
    keep(shop, "segment", "odd", REFUSED)
    shop.tb.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
    shop.event("ann", "purchase")
    shop.tick(1)
    keep(shop, "campaign", "spring", SPRING.replace("exclude: [odd]\n", ""))
    shop.tick(3 * HOUR / SECOND)
    shop.now += 60 * SECOND
    keep(shop, "campaign", "spring", SPRING.replace("buyers", "odd").replace("[odd]", "[]"))
    told = shop.tb.readings.why(shop.tb.person("ben"), "spring", shop.now)
    assert told.answer == "not_in_audience"
    assert "why, can be told when a segment is mended: segments/odd.yaml:2" in told.sentence


class _Counted:
    """Definitions that count how often all segments were read."""

    def __init__(self, real: Any) -> None:
        self._real, self.times = real, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def latest(self, kind: DefinitionKind) -> Any:
        self.times += kind == "segment"
        return self._real.latest(kind)


def test_a_tick_reads_the_segments_no_more_often_for_more_journeys_and_models(shop: Any) -> None:
    shop.tb.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
    shop.tick(1)

    def times() -> int:
        counted = _Counted(shop.tb.world.definitions)
        shop.now += SECOND
        flow.keep_current(replace(shop.tb.world, definitions=counted), shop.now)
        return counted.times

    for at in range(3):
        who = f"name: j{at}\ntrigger: {{event: add_to_cart}}\nwho: {{segment: buyers}}\n"
        keep(shop, "journey", f"j{at}", who + "steps:\n  - wait: 1h\n")
        keep(shop, "model", f"m{at}", f"name: m{at}\ntarget: churn\naudience: buyers\n")
        if at == 0:
            times()
            few = times()
    times()
    assert times() == few

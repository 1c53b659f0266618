"""Nobody gets a mail who must not get it any more, however far it has come."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird import flow
from tailorbird.delivery import DeliveryReport
from tailorbird.outbox import Order
from tailorbird.schema import MINUTE, SECOND
from tailorbird.suppression_words import SuppressionWord


def suppress(house: Any, name: str, reason: Any = "manual") -> None:
    store = house.tb.world.suppressions
    key = store.key(f"{name}@mail.example")
    store.say([SuppressionWord(key, reason, house.now, source="test")])


def test_who_unsubscribed_after_the_decision_is_not_even_claimed(house: Any, carrying: Any) -> None:
    house.decide()
    assert flow.unsubscribe(house.tb.world, house.send_id("p3"), house.now)
    carrier = carrying()
    assert house.deliver(carrier) == DeliveryReport(sent=11, refused=1)
    assert "p3@mail.example" not in carrier.sent
    assert (house.ended("p3").state, house.ended("p3").reply) == ("cancelled", "unsubscribed")


@pytest.mark.parametrize("before", [4, 10])
@pytest.mark.parametrize("way", ["unsubscribes", "is suppressed", "withdraws", "is forgotten"])
def test_who_goes_while_her_batch_is_sent_gets_nothing(
    house: Any, carrying: Any, way: str, before: int
) -> None:
    house.decide()
    last = house.send_id("p11")

    def between(sent: int) -> None:
        if sent != before:
            return
        match way:
            case "unsubscribes":
                assert flow.unsubscribe(house.tb.world, last, house.now)
            case "is suppressed":
                suppress(house, "p11", "complaint")
            case "withdraws":
                no = {"consent": {"email_marketing": False}}
                house.tell({"type": "identify", "messageId": "w", "userId": "p11", "context": no})
            case "is forgotten":
                person = house.tb.person("p11")
                gone = {"type": "track", "event": "person_forgotten", "messageId": "g"}
                house.tell(gone | {"context": {"personId": person}}, source="rest")

    carrier = carrying(between)
    report = house.deliver(carrier)
    assert (report.sent, report.refused) == (11, 1)
    assert "p11@mail.example" not in carrier.sent
    settlement = house.tb.world.ledger.settlement(last)
    assert settlement.state == "cancelled"


def test_an_address_that_two_share_gets_one_mail(house: Any, carrying: Any) -> None:
    house.join("twin", address="P1@mail.example")
    house.decide()
    house.decide("each", "each_person: true")
    assert house.tb.person("twin") != house.tb.person("p1")
    carrier = carrying()
    house.deliver(carrier)
    got = [address.lower() for address in carrier.sent]
    assert got.count("p1@mail.example") == 3
    ends = [house.ended(name).state for name in ("p1", "twin")]
    assert sorted(ends) == ["cancelled", "sent"]
    assert [house.ended(name, "each").state for name in ("p1", "twin")] == ["sent", "sent"]


def test_a_cap_is_kept_to_by_campaigns_that_were_decided_together(
    house: Any, carrying: Any
) -> None:
    for name in ("one", "two", "three"):
        house.decide(name, "cap: {messages: 2, days: 7}")
    carrier = carrying()
    report = house.deliver(carrier)
    assert (report.sent, report.refused) == (24, 0)
    assert {carrier.sent.count(address) for address in carrier.sent} == {2}


def test_the_most_urgent_campaign_leaves_first(house: Any, carrying: Any) -> None:
    house.decide("later")
    house.decide("sooner", "priority: 1")
    house.deliver(carrying())
    states = [house.ended("p1", name) for name in ("sooner", "later")]
    assert [each.state for each in states] == ["sent", "sent"]
    order = house.tb.world.ledger.settlements(0, 99)
    first = {ended.send_id for _, _, ended in order[:12]}
    assert house.send_id("p1", "sooner") in first


def test_a_pause_holds_the_batch_that_is_under_way(house: Any, carrying: Any) -> None:
    house.decide()
    ledger = house.tb.world.ledger

    def between(sent: int) -> None:
        if sent == 5:
            ledger.order(Order("pause", house.now, "spring", "bo", "the price is wrong"))

    carrier = carrying(between)
    assert house.deliver(carrier) == DeliveryReport(sent=5)
    assert ledger.states() == {"sent": 5, "pending": 7}
    assert house.deliver(carrier) == DeliveryReport()
    ledger.order(Order("resume", house.now, "spring", "bo", "mended"))
    assert house.deliver(carrier) == DeliveryReport(sent=7)
    assert sorted(carrier.sent) == sorted(f"p{n}@mail.example" for n in range(12))


def test_a_cancelled_campaign_ends_in_the_batch_that_is_under_way(
    house: Any, carrying: Any
) -> None:
    house.decide()
    house.decide("autumn", "priority: 9")
    ledger = house.tb.world.ledger

    def between(sent: int) -> None:
        if sent == 5:
            ledger.order(Order("cancel", house.now, "spring", "bo", "sold out"))

    report = house.deliver(carrying(between))
    assert (report.sent, report.refused) == (17, 7)
    assert ledger.states("spring") == {"sent": 5, "cancelled": 7}
    assert ledger.states("autumn") == {"sent": 12}
    reasons = {ended.reply for _, _, ended in ledger.settlements(0, 99) if ended.state != "sent"}
    assert reasons == {"cancelled: sold out"}


def test_all_sending_stands_still_when_told_to(house: Any, carrying: Any) -> None:
    house.decide()
    house.decide("autumn")
    ledger = house.tb.world.ledger
    carrier = carrying(lambda sent: ledger.order(Order("pause", house.now)) if sent == 3 else None)
    assert house.deliver(carrier).sent == 3
    assert not flow.send_waiting(house.tb.world, house.now)
    ledger.order(Order("resume", house.now))
    assert house.deliver(carrying()).sent == 21


def test_no_mail_leaves_after_the_lease_wherever_the_clock_jumps(house: Any, carrying: Any) -> None:
    house.decide()

    def jump(by: int) -> Any:
        def between(sent: int) -> None:
            if sent == 4:
                house.now += by

        return between

    forwards = carrying(jump(900 * SECOND))
    assert house.deliver(forwards).sent == 4
    backwards = carrying(jump(-MINUTE))
    house.now += 900 * SECOND
    assert house.deliver(backwards).sent == 4
    assert house.tb.world.ledger.states() == {"sent": 8, "pending": 4}
    house.now += 2 * MINUTE
    assert house.deliver(carrying()).sent == 4


def test_claims_of_a_worker_that_died_are_taken_over_at_once(house: Any, carrying: Any) -> None:
    from tailorbird.delivery.journals import Journals
    from tailorbird.schema import Reply

    house.decide()
    ledger, journals = house.tb.world.ledger, Journals(house.folder)
    claims = ledger.claim("worker-2", 4, house.now, 900)
    journal = journals.open("worker-2")
    journal.dot(claims[0].send_id)
    journal.reply(Reply(claims[0].send_id, "accepted", 250, "ok"))
    journal.dot(claims[1].send_id)

    carrier = carrying()
    house.now += 10_000 * SECOND
    assert house.deliver(carrier).sent == 8, "the worker lives: its journal is held"
    journal.close()
    assert house.deliver(carrier).sent == 2
    assert ledger.states() == {"sent": 11, "unknown": 1}
    assert len(set(carrier.sent)) == 10


def test_claims_whose_journal_is_lost_are_in_doubt_once_the_lease_has_ended(
    house: Any, carrying: Any
) -> None:
    house.decide()
    ledger = house.tb.world.ledger
    ledger.claim("gone", 3, house.now, 900)
    ledger.claim("../elsewhere", 1, house.now, 900)
    assert house.deliver(carrying()).sent == 8
    assert ledger.states() == {"sent": 8, "claimed": 4}
    house.now += 900 * SECOND
    assert house.deliver(carrying()).sent == 0
    assert ledger.states() == {"sent": 8, "unknown": 4}

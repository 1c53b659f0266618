"""The gate of a folder: who may not be written to any more is told to whoever claims."""

from __future__ import annotations

from typing import Any

from tests.sending.conftest import PEOPLE, House

from tailorbird import flow, forms, journeys, letters
from tailorbird.schema import Claim

URGENT = 0


def door(house: House, **more: Any) -> letters.Door:
    return letters.Door(house.tb.world, apart=forms.PREFIX, **more)


def claims_of(house: House) -> list[Claim]:
    house.decide()
    return house.tb.world.ledger.claim("w", PEOPLE, house.now, 900)


def test_who_has_left_is_told_with_the_reason_and_the_others_by_their_addresses(
    house: House,
) -> None:
    claims, gone = claims_of(house), house.send_id("p3")
    flow.unsubscribe(house.tb.world, gone, house.now)
    admission = door(house).admit(claims, house.now)
    (ended,) = admission.ended
    assert (ended.send_id, ended.state, ended.carrier) == (gone, "cancelled", "inbox")
    assert ended.reply
    assert set(admission.addresses) == {claim.send_id for claim in claims} - {gone}
    assert len(set(admission.addresses.values())) == PEOPLE - 1, "each has her own"


def test_of_two_who_became_one_the_mail_of_the_survivor_goes(house: House) -> None:
    claims = claims_of(house)
    survivor = house.tb.merge("p1", "p2", reason="one and the same")
    homes = house.tb.world.people.ties.homes({claim.person for claim in claims})
    (lost,) = [claim for claim in claims if homes.get(claim.person) not in (None, claim.person)]
    admission = door(house).admit(claims, house.now)
    assert [(ended.send_id, ended.reply) for ended in admission.ended] == [
        (lost.send_id, journeys.MERGED)
    ]
    assert survivor != lost.person


def test_of_two_who_became_one_the_consent_of_both_counts(house: House) -> None:
    claims = claims_of(house)
    house.join("p99")
    first = [claim for claim in claims if claim.person == house.tb.person("p4")]
    house.tb.merge("p4", "p99", reason="one and the same")
    assert door(house).admit(first, house.now).ended == ()
    flow.unsubscribe(house.tb.world, first[0].send_id, house.now)
    (ended,) = door(house).admit(first, house.now).ended
    assert (ended.send_id, ended.state) == (first[0].send_id, "cancelled")


def test_mails_that_somebody_waits_for_go_first_and_only_where_the_facts_are(house: House) -> None:
    house.decide()
    form = f"{forms.PREFIX}join"
    common = URGENT + journeys.COMMON_PRIORITY
    assert (door(house).rank(form), door(house).rank("spring")) == (URGENT, common)
    assert door(house).rank("nobody-knows-it") == common
    beside = door(house, all_lanes=False)
    assert (beside.rank(form), beside.rank("spring")) == (None, common)
    ending = door(house, ending=lambda: True)
    assert (ending.rank(form), ending.rank("spring")) == (None, None)

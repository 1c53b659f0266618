"""Campaigns that send themselves: once each, at the second, through kills and downtime."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tailorbird import flow, granting, scheduling
from tailorbird.outbox import Order
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant
from tailorbird.settings import Limits

CAMPAIGN = """\
name: {name}
audience: everybody
template: spring
variants: {{only: {{subject: "Spring"}}}}
holdout: 0
recommendations: 0
schedule: {schedule}
"""
MIDNIGHT: Instant = 1_700_006_400 * SECOND
"""2023-11-15, some two hours after a house opens."""


@pytest.fixture
def timed(house: Any) -> Any:
    """Return a house that puts scheduled campaigns and lives through time."""

    class Timed:
        tb = house.tb

        def put(self, schedule: str, name: str = "spring") -> None:
            text = CAMPAIGN.format(name=name, schedule=schedule)
            house.tb.put("campaign", name, text)

        def at(self, now: Instant) -> dict[str, int]:
            """Let a tick come, and return how many decisions there are of each occurrence."""
            house.now = now
            flow.keep_current(house.tb.world, now)
            return self.decided()

        def decided(self) -> dict[str, int]:
            made = house.tb.world.ledger.decisions(campaign="spring")
            return dict(Counter(each.occurrence for each in made))

        def due(self) -> list[Instant]:
            found = house.tb.world.ledger.claim("w", 99, 1 << 60, 60)
            times = house.tb.world.ledger.written([c.person for c in found], 0, "")
            return sorted(each.at for each in times)

        def sent_at(self, name: str) -> Instant:
            """Return when somebody's mail is due."""
            (mail,) = house.tb.world.ledger.written([house.tb.person(name)], 0, "")
            at: Instant = mail.at
            return at

        def reads(self, hours: dict[str, int]) -> None:
            """Have people have opened a mail on each of the sixty days before, at their hours."""
            opened = [
                (name, MIDNIGHT - day * DAY + hour * HOUR)
                for name, hour in hours.items()
                for day in range(1, 61)
            ]
            house.tell(
                *(
                    {"type": "track", "event": "email_opened", "messageId": f"{name}-{at}",
                     "userId": name, "timestamp": f"{datetime.fromtimestamp(at / SECOND, UTC)}"}
                    for name, at in opened
                )
            )  # fmt: skip

        def allow(self, names: Iterable[str]) -> None:
            """Have people agree to what learns their hours, and uses them."""
            said = {"training": True, "personalisation": True, "wordingVersion": "1"}
            house.tell(
                *(
                    {"type": "identify", "messageId": f"a-{name}", "userId": name,
                     "context": {"consent": said}}
                    for name in names
                )
            )  # fmt: skip

        def join(self, name: str, **traits: str) -> None:
            agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
            said = {"email": f"{name}@mail.example", **traits}
            house.tell(
                {"type": "identify", "messageId": f"t-{name}", "userId": name,
                 "context": agreed, "traits": said}
            )  # fmt: skip

    return Timed()


def test_it_leaves_at_its_time_and_not_before(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}")
    world, nine = timed.tb.world, MIDNIGHT + 9 * HOUR
    assert timed.at(MIDNIGHT) == {}
    assert scheduling.next_due(world, MIDNIGHT) == nine
    assert timed.at(nine - 1) == {}
    assert timed.at(nine) == {"1": 12}
    assert timed.at(nine + MINUTE) == {"1": 12}
    assert scheduling.next_due(world, nine) is None


def test_what_recurs_comes_each_time(timed: Any) -> None:
    timed.put("{every: daily at 09:00}")
    days = [MIDNIGHT + 9 * HOUR + day * DAY for day in range(3)]
    found = [timed.at(at) for at in days]
    assert found[-1] == dict.fromkeys((f"2023-11-{day}T09:00" for day in (15, 16, 17)), 12)


def test_each_zone_has_its_own_nine_o_clock(timed: Any) -> None:
    timed.join("kim", timezone="Asia/Seoul")
    timed.join("lou", timezone="America/New_York")
    timed.put("{at: 2023-11-15T09:00, local: true}")
    assert timed.at(MIDNIGHT - 1) == {}
    assert timed.at(MIDNIGHT) == {"1": 1}, "nine in Seoul is midnight in UTC"
    assert timed.at(MIDNIGHT + 9 * HOUR) == {"1": 13}
    assert timed.at(MIDNIGHT + 14 * HOUR) == {"1": 14}
    assert timed.at(MIDNIGHT + 2 * DAY) == {"1": 14}


def test_a_kill_between_deciding_and_noting_repeats_nothing(
    timed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed.put("{every: daily at 09:00}")
    with monkeypatch.context() as patch:
        patch.setattr(scheduling, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            timed.at(MIDNIGHT + 9 * HOUR)
    assert timed.at(MIDNIGHT + 9 * HOUR + 5 * SECOND) == {"2023-11-15T09:00": 12}


def test_a_kill_in_the_midst_is_made_good(timed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    timed.put("{at: 2023-11-15T09:00}")
    ledger, record, calls = timed.tb.world.ledger, timed.tb.world.ledger.record, []

    def torn(*given: Any) -> int:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return int(record(*given))

    monkeypatch.setattr(granting, "AT_ONCE", 5)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "record", torn)
        with pytest.raises(KeyboardInterrupt):
            timed.at(MIDNIGHT + 9 * HOUR)
    assert timed.decided() == {"1": 10}
    assert timed.at(MIDNIGHT + 9 * HOUR + SECOND) == {"1": 12}


def test_what_was_missed_for_long_is_skipped_and_told(timed: Any) -> None:
    timed.put("{every: daily at 09:00, late: 2h}")
    assert timed.at(MIDNIGHT + 9 * HOUR + 2 * HOUR + 1) == {}
    state = scheduling.state_of(timed.tb.world, "spring")
    assert state is not None
    assert [(each.occurrence, each.reason) for each in state.missed] == [
        ("2023-11-15T09:00", "late")
    ]
    assert timed.at(MIDNIGHT + 33 * HOUR + 2 * HOUR) == {"2023-11-16T09:00": 12}


def test_of_several_that_were_missed_the_last_is_sent(timed: Any) -> None:
    timed.put("{every: daily at 09:00, late: 3d}")
    assert timed.at(MIDNIGHT + 2 * DAY + 10 * HOUR) == {"2023-11-17T09:00": 12}
    state = scheduling.state_of(timed.tb.world, "spring")
    assert state is not None
    assert {each.reason for each in state.missed} == {"overtaken"}


def test_moving_a_time_writes_to_nobody_twice(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}")
    timed.at(MIDNIGHT + 9 * HOUR)
    timed.put("{at: 2023-11-16T09:00}")
    assert timed.at(MIDNIGHT + 33 * HOUR) == {"1": 12}
    timed.put("{at: 2023-11-10T09:00}")
    assert timed.at(MIDNIGHT + 34 * HOUR) == {"1": 12}


def test_recipients_can_be_fixed_when_it_is_scheduled(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00, recipients: at_schedule}")
    assert timed.at(MIDNIGHT) == {"1": 12}
    timed.join("newcomer")
    assert timed.at(MIDNIGHT + 9 * HOUR) == {"1": 12}
    assert set(timed.due()) == {MIDNIGHT + 9 * HOUR}


def test_mails_can_leave_one_by_one(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00, gradual: 6h}")
    nine = MIDNIGHT + 9 * HOUR
    timed.at(nine)
    due = timed.due()
    assert nine <= due[0] < due[-1] < nine + 6 * HOUR
    assert len(set(due)) == 12


def test_who_is_paused_waits_and_is_not_forgotten(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}")
    ledger, nine = timed.tb.world.ledger, MIDNIGHT + 9 * HOUR
    ledger.order(Order("pause", MIDNIGHT, "spring"))
    assert timed.at(nine) == {}
    ledger.order(Order("resume", nine + HOUR, "spring"))
    assert timed.at(nine + HOUR) == {"1": 12}


def test_a_broken_campaign_says_so_and_goes_on_once_it_is_mended(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}")
    whole = timed.tb.world.definitions.get("template", "spring").text
    timed.tb.world.definitions.put("template", "spring", "{{ nonsense", now=1, author="", reason="")
    assert timed.at(MIDNIGHT + 9 * HOUR) == {}
    state = scheduling.state_of(timed.tb.world, "spring")
    assert state is not None
    assert "spring" in state.error
    timed.tb.put("template", "spring", whole)
    assert timed.at(MIDNIGHT + 9 * HOUR + MINUTE) == {"1": 12}
    state = scheduling.state_of(timed.tb.world, "spring")
    assert state is not None
    assert state.error == ""


def test_campaigns_of_one_instant_are_judged_together(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}\ncap: {messages: 1, days: 1}")
    timed.put("{at: 2023-11-15T09:00}\npriority: 1", "urgent")
    timed.at(MIDNIGHT + 9 * HOUR)
    verdicts = timed.tb.world.ledger.verdicts("spring")
    assert verdicts == [("refused", "displaced", "", 12)]


def test_best_hour_is_the_readers_own_hour(timed: Any) -> None:
    timed.put("{at: 2023-11-15T00:00, best_hour: true}")
    timed.at(MIDNIGHT)
    due = set(timed.due())
    assert len(due) == 1, "nobody has read anything yet: everybody's hour is everybody's"
    (at,) = due
    assert MIDNIGHT <= at < MIDNIGHT + DAY


def test_best_hours_are_learned_from_what_people_read_before(timed: Any) -> None:
    """Half read at seven, half at nineteen, for sixty days.

    The three hours that begin with the mail hold the most of a reader's: hers, and one beside it.
    """
    reads = {f"p{number}": 7 if number % 2 else 19 for number in range(12)}
    timed.allow(reads)
    timed.reads(reads)
    timed.put("{at: 2023-11-15T00:00, best_hour: true}")
    assert timed.at(MIDNIGHT) == {"1": 12}
    assert {name: (timed.sent_at(name) - MIDNIGHT) // HOUR for name in reads} == {
        name: hour - 1 for name, hour in reads.items()
    }


JOURNEY = """\
name: cart
trigger: call
exclusive: {group}
steps:
  - send: first
    template: spring
    subject: You left something behind
"""


def journeys_mail(timed: Any, group: str = "carts") -> list[granting.Proposal]:
    """Return what a journey proposes to two people."""
    timed.tb.put("journey", "cart", JOURNEY.format(group=group))
    people = [timed.tb.person(name) for name in ("p1", "p2")]
    return [granting.Proposal("cart/first", 1, "7", person) for person in people]


def test_a_journey_meets_the_campaigns_of_its_instant(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}\npriority: 1")
    world, nine = timed.tb.world, MIDNIGHT + 9 * HOUR
    limits = msgspec.structs.replace(world.settings, limits=Limits(email=("1/day",)))
    limited = dataclasses.replace(world, settings=limits)
    answers = granting.grant(limited, journeys_mail(timed), nine)
    assert [getattr(each, "reason", "") for each in answers] == ["displaced", "displaced"]
    assert timed.decided() == {"1": 2}, "the campaign was decided for these two"
    assert timed.at(nine) == {"1": 12}


def test_a_journey_is_one_experiment_of_its_group(timed: Any) -> None:
    timed.put("{at: 2023-11-15T09:00}\nexclusive: carts")
    for key in (b"one of two keys!", b"another of them!", b"a third and last"):
        drawn = dataclasses.replace(timed.tb.world, assignment_key=key)
        arbiter = granting.Granting(drawn, MIDNIGHT)
        asked = journeys_mail(timed)
        rivals = [msgspec.structs.replace(each, campaign="spring") for each in asked]
        answers = arbiter.judge([*asked, *rivals])
        for one, other in zip(asked, rivals, strict=True):
            told = {getattr(answers[each.id], "reason", None) for each in (one, other)}
            assert told == {"", "exclusive"}

"""Who enters a segment and who leaves is told once, with the instant at which it became true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird import cli, crossing, flow, membership, segments
from tailorbird.access import Change
from tailorbird.app import Tailorbird
from tailorbird.errors import StoreError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body
from tailorbird.views import moment

START = 1_790_000_000 * SECOND
RECENT = "name: recent\nwhere:\n  did: purchase\n  within: 1h\n"


class Shop:
    """A folder whose clock we move."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.folder = folder
        self.history_days = 400
        self.tb = self._opened()

    def _opened(self) -> Tailorbird:
        kept = {"TAILORBIRD_SEGMENTS__HISTORY_DAYS": str(self.history_days)}
        return Tailorbird.open(self.folder, clock=lambda: self.now, environment=kept)

    def reopen(self) -> None:
        self.tb.close()
        self.tb = self._opened()

    def define(self, text: str = RECENT, name: str = "recent") -> None:
        self.tb.put("segment", name, text)

    def buys(self, user: str, at: int | None = None) -> None:
        said = {
            "type": "track", "userId": user, "event": "Order Completed",
            "timestamp": moment(self.now if at is None else at).isoformat(),
            "properties": {"order_id": f"{user} {self.now}", "total": 20, "currency": "EUR"},
        }  # fmt: skip
        body = json.dumps({"batch": [said]}).encode()
        self.tb.world.log.append([Body("import", self.now, body)])

    def says(self, **said: Any) -> None:
        self.tb.world.log.append([Body("import", self.now, json.dumps(said).encode())])

    def tick(self, later: int = SECOND) -> None:
        self.now += later
        flow.tick(self.tb.world, self.now)

    def told(self, after: int = 0) -> list[Change]:
        return self.tb.world.changes.after(after, 1000)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    made.define()
    made.tick()
    yield made
    made.tb.close()


def test_entering_is_told_since_the_event_and_leaving_since_its_hour_is_over(shop: Shop) -> None:
    shop.now += SECOND
    shop.buys("ada")
    bought = shop.now
    shop.tick()
    entered = Change("recent", 1, bought, True, "event", 1, bought + SECOND, 1)
    assert shop.told() == [entered]
    shop.tick(HOUR - SECOND + 400)
    left = Change("recent", 1, bought + HOUR, False, "time", 1, bought + HOUR + 400, 2)
    assert shop.told() == [entered, left]


def test_time_is_the_cause_though_an_event_came_as_well(shop: Shop) -> None:
    shop.buys("ada")
    bought = shop.now
    shop.tick()
    shop.now = bought + HOUR + SECOND
    shop.says(type="track", event="Product Viewed", userId="ada", messageId="seen")
    shop.tick()
    (left,) = shop.told(1)
    assert (left.at, left.cause, left.seen_at) == (bought + HOUR, "time", shop.now)


def test_an_event_is_the_cause_though_time_would_have_been_later(shop: Shop) -> None:
    wide = "name: content\nwhere:\n  all:\n    - did: purchase\n      within: 1h\n"
    shop.define(wide + "    - not: {did: complained}\n", "content")
    shop.buys("ada")
    bought = shop.now
    shop.tick()
    shop.now = bought + 30 * MINUTE
    shop.says(type="track", event="complained", userId="ada", messageId="angry")
    shop.tick(31 * MINUTE)
    told = {change.segment: change for change in shop.told() if not change.entered}
    assert (told["content"].at, told["content"].cause) == (bought + 30 * MINUTE, "event")
    assert (told["recent"].at, told["recent"].cause) == (bought + HOUR, "time")


def test_the_next_tick_is_due_when_time_alone_can_change_an_answer(shop: Shop) -> None:
    assert membership.next_due(shop.tb.world, shop.now) is None
    shop.buys("ada")
    bought = shop.now
    shop.tick()
    shop.buys("bea")
    shop.tick()
    assert membership.next_due(shop.tb.world, shop.now) == bought + HOUR
    shop.now = bought + HOUR - SECOND
    shop.tick()
    assert [change.at for change in shop.told(2)] == [bought + HOUR]
    assert membership.next_due(shop.tb.world, shop.now) == bought + HOUR + SECOND


def test_an_event_that_comes_late_changes_membership_when_it_comes(shop: Shop) -> None:
    shop.buys("ada", at=shop.now - 30 * MINUTE)
    shop.tick()
    (entered,) = shop.told()
    assert (entered.at, entered.seen_at, entered.cause) == (shop.now, shop.now, "event")


def test_another_definition_is_a_cause_of_its_own(shop: Shop) -> None:
    shop.buys("ada")
    shop.tick(2 * HOUR)
    assert shop.told() == []
    shop.define(RECENT.replace("1h", "1d"))
    shop.tick()
    assert shop.told() == [Change("recent", 1, shop.now, True, "definition", 2, shop.now, 1)]


def test_nothing_is_told_twice_or_left_out_where_the_record_was_not_reached(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(world: Any) -> int:
        raise StoreError("the machine stopped here")

    shop.buys("ada")
    with monkeypatch.context() as patch:
        patch.setattr(crossing, "cross", torn)
        with pytest.raises(StoreError):
            shop.tick()
    assert shop.told() == []
    shop.reopen()
    shop.tick()
    shop.tick()
    assert [(change.person, change.entered, change.sequence) for change in shop.told()] == [
        (1, True, 1)
    ]


def test_facts_that_are_made_anew_tell_only_what_has_happened_since(shop: Shop) -> None:
    shop.buys("ada")
    shop.buys("bea")
    shop.tick()
    shop.tb.rebuild()
    assert len(shop.told()) == 2
    shop.buys("cyd")
    shop.tb.close()
    (shop.folder / "facts.duckdb").unlink()
    shop.now += HOUR - MINUTE
    shop.tb = shop._opened()
    shop.tick()
    assert [(change.person, change.cause) for change in shop.told(2)] == [(3, "event")]
    shop.tick(MINUTE)
    assert [(change.person, change.cause) for change in shop.told(3)] == [
        (1, "time"),
        (2, "time"),
        (3, "time"),
    ]


def test_facts_that_lost_their_last_changes_learn_them_again(shop: Shop) -> None:
    shop.buys("ada")
    shop.tick()
    lost = shop.tb.world.facts
    lost.write([("DELETE FROM membership_changes", ()), ("DELETE FROM membership", ())])
    shop.buys("bea")
    shop.tick()
    assert [(change.person, change.sequence) for change in shop.told()] == [(1, 1), (2, 2)]
    assert segments.members(lost, "recent", as_of=shop.now) == [1, 2]


def test_whoever_is_merged_leaves_and_the_survivor_stays(shop: Shop) -> None:
    shop.buys("ada")
    shop.buys("ida")
    shop.tick()
    shop.tb.merge("ada", "ida", reason="one woman")
    shop.tick()
    assert [(change.person, change.entered, change.cause) for change in shop.told(2)] == [
        (2, False, "merge")
    ]
    shop.tb.unmerge("ada", "ida", reason="two women")
    shop.tick()
    assert [(change.person, change.entered) for change in shop.told(3)] == [(2, True)]
    assert segments.members(shop.tb.world.facts, "recent", as_of=shop.now) == [1, 2]


def test_what_is_told_of_segments_touches_nobody(shop: Shop) -> None:
    shop.buys("ada")
    shop.tick()
    end = shop.tb.world.log.end()
    shop.tick()
    shop.tick(DAY)
    assert shop.tb.world.log.end() == end
    assert len(shop.told()) == 2


def test_the_record_says_who_entered_and_left_the_newest_first(shop: Shop) -> None:
    shop.buys("ada")
    shop.buys("bea")
    shop.tick()
    shop.tick(HOUR)
    page = shop.tb.readings.segment_changes("recent", 0, "", 3)
    assert [(row.person, row.entered, row.cause) for row in page.changes] == [
        (2, False, "time"),
        (1, False, "time"),
        (2, True, "event"),
    ]
    rest = shop.tb.readings.segment_changes("recent", 0, page.next, 3)
    assert [row.person for row in rest.changes] == [1]
    assert rest.next == ""
    hers = shop.tb.readings.segment_changes("", 2, "", 9)
    assert [row.entered for row in hers.changes] == [False, True]


def test_when_a_person_was_in_is_exact_whenever_somebody_looked(shop: Shop) -> None:
    bought = shop.now
    shop.buys("ada")
    shop.tick(3 * HOUR)
    assert shop.told() == [], "nobody looked while she was in"
    shop.buys("ada")
    shop.tick(DAY)
    shop.buys("ada", at=bought + 30 * MINUTE)
    shop.tick()
    found = shop.tb.readings.segment_stays("recent", 1, shop.now)
    assert found is not None
    assert [(stay.since, stay.until) for stay in found.stays] == [
        (moment(bought), moment(bought + 90 * MINUTE)),
        (moment(bought + 3 * HOUR), moment(bought + 4 * HOUR)),
    ]
    then = shop.tb.readings.segment_stays("recent", 1, bought + HOUR)
    assert then is not None
    assert [stay.until for stay in then.stays] == [None]
    assert shop.tb.readings.segment_stays("recent", 99, shop.now) is None


def test_a_merge_gives_her_history_to_the_survivor_and_a_separation_takes_it_back(
    shop: Shop,
) -> None:
    one = shop.now
    shop.buys("ada")
    shop.tick(3 * HOUR)
    two = shop.now
    shop.buys("ida")
    shop.tick(3 * HOUR)

    def since(person: int) -> list[Any]:
        found = shop.tb.readings.segment_stays("recent", person, shop.now)
        return [stay.since for stay in found.stays] if found else []

    shop.tb.merge("ada", "ida", reason="one woman")
    assert since(1) == [moment(one), moment(two)]
    shop.tb.unmerge("ada", "ida", reason="two women")
    assert (since(1), since(2)) == ([moment(one)], [moment(two)])


def test_commands_say_how_segments_fare_and_who_came_and_went(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.buys("ada")
    shop.tick()
    shop.tb.close()

    def run(*words: str) -> str:
        cli.run(["segments", *words, "-C", str(shop.folder)])
        return capsys.readouterr().out

    assert "recent was to be brought up at 2026-09-21" in run("health", "recent")
    assert "entered" in run("history", "recent")
    assert "Person 1 was in recent" in run("history", "recent", "--person", "ada")
    assert cli.run(["segments", "health", "nobody", "-C", str(shop.folder)]) == 2
    shop.tb = shop._opened()


def test_what_was_seen_long_ago_is_forgotten_but_for_who_stayed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.define("name: buyers\nwhere:\n  did: purchase\n", "buyers")
    shop.buys("ada")
    shop.tick()
    shop.tick(HOUR)
    assert [(change.segment, change.entered) for change in shop.told()] == [
        ("buyers", True),
        ("recent", True),
        ("recent", False),
    ]
    shop.history_days = 2
    shop.reopen()
    shop.tick(3 * DAY)
    assert len(shop.told()) == 2, "the last of all stays, so that the next has the next number"
    shop.buys("bea")
    shop.tick()
    shop.tick(DAY)
    assert [(change.segment, change.person, change.sequence) for change in shop.told()] == [
        ("buyers", 1, 1),
        ("buyers", 2, 4),
        ("recent", 2, 5),
        ("recent", 2, 6),
    ]
    page = shop.tb.readings.segment_changes("", 0, "", 9)
    assert page.known_since == moment(shop.now - 2 * DAY)
    assert [row.person for row in page.changes] == [2, 2, 2, 1]
    shop.tb.rebuild()
    assert segments.members(shop.tb.world.facts, "buyers", as_of=shop.now) == [1, 2]
    assert [change.sequence for change in shop.told()] == [1, 4, 5, 6]
    shop.tick()
    assert len(shop.told()) == 4
    shop.tb.close()
    assert cli.run(["segments", "history", "-C", str(shop.folder)]) == 0
    assert "only who entered and stayed is kept" in capsys.readouterr().out
    shop.tb = shop._opened()


def test_nothing_is_forgotten_that_is_young_or_where_all_is_kept(shop: Shop) -> None:
    shop.buys("ada")
    shop.tick()
    shop.tick(399 * DAY)
    assert len(shop.told()) == 2
    assert shop.tb.readings.segment_changes("", 0, "", 9).known_since is None
    shop.history_days = 0
    shop.reopen()
    shop.tick(9 * DAY)
    assert len(shop.told()) == 2


def test_what_the_record_forgot_the_facts_forget_though_they_were_cut_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: Any) -> None:
        raise StoreError("the machine stopped here")

    for user in ("ada", "bea"):
        shop.buys(user)
        shop.tick()
        shop.tick(HOUR)
    shop.history_days = 2
    shop.reopen()
    with monkeypatch.context() as patch:
        patch.setattr(type(shop.tb.world.facts), "write", torn)
        with pytest.raises(StoreError):
            crossing.forget_old(shop.tb.world, shop.now + 3 * DAY)
    assert len(shop.told()) == 1
    crossing.forget_old(shop.tb.world, shop.now + 3 * DAY)
    kept = shop.tb.world.facts.read("SELECT sequence FROM membership_changes").to_pylist()
    assert kept == [{"sequence": change.sequence} for change in shop.told()]

"""Segments that are worked out on a schedule, by conditions or by an analyst's SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird import flow, membership, segments
from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body
from tailorbird.views import moment

START = 20_700 * DAY + 10 * HOUR + 20 * MINUTE
BUYERS = "name: buyers\nrefresh: hourly\nwhere:\n  did: purchase\n  within: 90m\n"
BY_SQL = """name: frequent
refresh: daily at 03:00
sql: |
  SELECT person FROM facts
  WHERE event = 'purchase' AND "at" > $now - 30 * 86400000000
  GROUP BY person HAVING COUNT(*) >= 2
"""


class Shop:
    def __init__(self, folder: Path) -> None:
        self.now = START
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})

    def buys(self, *users: str) -> None:
        events = [
            {
                "type": "track", "userId": user, "event": "Order Completed",
                "properties": {"order_id": f"{user}{self.now}", "total": 20, "currency": "EUR"},
            }
            for user in users
        ]  # fmt: skip
        self.now += SECOND
        body = json.dumps({"batch": events}).encode()
        self.tb.world.log.append([Body("import", self.now, body)])

    def at(self, now: int) -> None:
        self.now = now
        flow.tick(self.tb.world, now)

    def members(self, name: str, as_of: int | None = None) -> list[int]:
        return self.tb.segment_people(name, as_of=as_of)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    yield made
    made.tb.close()


def test_between_its_times_a_segment_stands_as_it_was_worked_out(shop: Shop) -> None:
    shop.buys("ada")
    shop.tb.put("segment", "buyers", BUYERS)
    shop.at(START + SECOND)
    assert shop.members("buyers") == [1], "a new definition is worked out at once"
    shop.buys("bea")
    shop.at(START + 30 * MINUTE)
    assert shop.members("buyers") == [1]
    shop.at(START + 40 * MINUTE)
    assert shop.members("buyers") == [1, 2], "at the full hour"
    shop.at(START + 95 * MINUTE)
    assert shop.members("buyers") == [1, 2], "the window of ada is over, the hour is not"
    shop.at(START + 2 * HOUR)
    assert shop.members("buyers") == []
    assert shop.members("buyers", as_of=START + 50 * MINUTE) == [1, 2]
    assert shop.members("buyers", as_of=START + 35 * MINUTE) == [1]
    causes = [change.cause for change in shop.tb.world.changes.after(0, 99)]
    assert causes == ["definition", "schedule", "schedule", "schedule"]
    assert shop.tb.verify_segments() == []


def test_another_definition_of_a_scheduled_segment_is_the_cause_of_what_it_changes(
    shop: Shop,
) -> None:
    shop.tb.put("segment", "buyers", BUYERS)
    shop.at(START)
    shop.buys("ada")
    shop.at(START + MINUTE)
    assert shop.members("buyers") == []
    shop.tb.put("segment", "buyers", BUYERS.replace("90m", "80m"))
    shop.at(START + 2 * MINUTE)
    (entered,) = shop.tb.world.changes.after(0, 99)
    assert (entered.cause, entered.version, entered.at) == ("definition", 2, shop.now)


def test_a_schedule_is_due_by_the_clock_of_the_shop(shop: Shop) -> None:
    shop.tb.put("segment", "frequent", BY_SQL)
    shop.at(START)
    zone = shop.tb.world.settings.shop.zone
    assert membership.next_due(shop.tb.world, START) == segments.schedule.following(
        segments.schedule.Schedule("daily", 180), START, zone
    )
    shop.buys("ada")
    shop.buys("ada")
    shop.at(START + HOUR)
    assert shop.members("frequent") == []
    shop.at(START + DAY)
    assert shop.members("frequent") == [1]
    (health,) = shop.tb.readings.segment_healths(shop.now)
    assert health.refresh == "daily at 03:00"
    assert health.recalculated_at is not None


def test_a_statement_is_a_membership_for_other_segments(shop: Shop) -> None:
    shop.buys("ada", "bea")
    shop.buys("ada")
    shop.tb.put("segment", "frequent", BY_SQL)
    rest = "name: rest\nwhere:\n  all:\n    - did: purchase\n    - not: {segment: frequent}\n"
    shop.tb.put("segment", "rest", rest)
    shop.at(START + SECOND)
    shop.at(START + 2 * SECOND)
    assert shop.members("frequent") == [1]
    assert shop.members("rest") == [2]
    assert [found.name for found in shop.tb.world.definitions.latest("segment")] == [
        "frequent",
        "rest",
    ]


def test_what_was_worked_out_survives_a_rebuild_and_a_merge(shop: Shop) -> None:
    shop.buys("ada", "bea")
    shop.tb.put("segment", "buyers", BUYERS)
    shop.at(START + SECOND)
    shop.buys("cyd")
    shop.at(START + MINUTE)
    told = shop.tb.world.changes.last()
    shop.tb.rebuild()
    assert shop.members("buyers") == [1, 2], "not worked out again before its time"
    assert shop.members("buyers", as_of=START) == []
    assert shop.tb.world.changes.last() == told
    shop.tb.merge("ada", "bea", reason="one woman")
    shop.at(START + 2 * MINUTE)
    assert shop.members("buyers") == [1]
    assert shop.tb.verify_segments() == []


def test_a_statement_that_fails_leaves_everybody_where_they_are(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.buys("ada")
    shop.buys("ada")
    shop.tb.put("segment", "frequent", BY_SQL)
    shop.at(START + SECOND)
    assert shop.members("frequent") == [1]
    monkeypatch.setattr(membership, "SQL_SECONDS", 0.000001)
    slow = BY_SQL.replace("SELECT person FROM facts", "SELECT f.person FROM facts f")
    slow = slow.replace("GROUP BY person", "GROUP BY f.person")
    shop.tb.put("segment", "frequent", slow)
    shop.at(START + 2 * SECOND)
    assert shop.members("frequent") == [1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BY_SQL.replace("SELECT", "DELETE FROM facts; SELECT"), "frequent.yaml:3:1: there are 2"),
        (BY_SQL.replace("facts", "read_csv('/etc/passwd')"), "is no table here"),
        (BY_SQL.replace("facts", "fact"), "did you mean 'facts'"),
        (BY_SQL.replace("person FROM", "person, event FROM"), "one column"),
        (BY_SQL.replace("daily at 03:00", "live"), "SQL cannot be live"),
        (BY_SQL.replace("daily at 03:00", "weekly"), "'weekly' is no schedule"),
        (BY_SQL.replace("SELECT person", "SELECT getenv('HOME')"), "'getenv' is not allowed"),
        (BY_SQL + "where: {did: purchase}\n", "both 'where' and 'sql'"),
    ],
)
def test_a_wrong_statement_is_refused_with_its_place_and_the_mend(
    shop: Shop, text: str, says: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        shop.tb.put("segment", "frequent", text)
    assert says in refused.value.sentence()


def test_a_statement_round_trips_through_every_way_of_writing() -> None:
    for text in (BY_SQL, BUYERS):
        segment = segments.parse(text, "x.yaml")
        assert segments.parse(segments.write(segment), "x.yaml") == segment
        assert segments.from_json(segments.to_json(segment), "x.json") == segment
        made: dict[str, segments.Segment] = {}
        exec(segments.python(segment), made)
        assert made[segment.name] == segment


def test_a_scheduled_segment_is_explained_as_of_when_it_was_worked_out(shop: Shop) -> None:
    shop.buys("ada")
    shop.tb.put("segment", "buyers", BUYERS)
    shop.at(START + SECOND)
    worked = shop.now
    shop.at(START + 30 * MINUTE)
    found = shop.tb.readings.explain("buyers", 1, shop.now)
    assert found is not None
    assert found.member
    assert found.as_of == moment(worked)
    assert found.reason.evidence, "the purchase, and not only that it was worked out"
    earlier = shop.tb.readings.explain("buyers", 1, worked - 5)
    assert earlier is not None
    assert "when that was last worked out" in earlier.reason.text

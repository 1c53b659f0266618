"""What takes long keeps no tick waiting: who enters and leaves is told all the while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tailorbird import clusters, flow, learning, predict, recalculating
from tailorbird.app import Tailorbird
from tailorbird.errors import ModelError
from tailorbird.predict import ClusterReport
from tailorbird.schema import DAY, MINUTE, SECOND, Body, Instant
from tailorbird.traits.table import table
from tailorbird.web.behind import Behind

NOW = 20_700 * DAY
BUYERS = "name: buyers\nwhere:\n  did: purchase\n"
LOYALTY = """name: loyalty
recalculate: daily
groups:
  - {name: gold, where: {did: purchase, times: {at_least: 2}}}
rest: bronze
"""
SHOPPERS = """name: shoppers
features: [orders, recency_days]
count: 2
train: daily
"""


class Shop:
    """A folder whose clock we move, with work done behind its ticks."""

    def __init__(self, folder: Path) -> None:
        self.now: Instant = NOW
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        self.wanted = threading.Event()
        cursor = self.tb.world.people.cursor
        self.behind = Behind(self.wanted.set, self.wanted.set, cursor)

    def waits_for(self, name: str) -> bool:
        """Return whether this work's answer is still to come, once a tick is wanted."""
        if not self.behind.asked(name):
            return False
        assert self.wanted.wait(30)
        self.wanted.clear()
        return True

    def buys(self, *users: str) -> None:
        said = [
            {
                "type": "track", "userId": user, "event": "Order Completed",
                "messageId": f"{user} {self.now} {number}",
                "properties": {"order_id": f"{user} {self.now} {number}", "total": 20},
            }
            for number, user in enumerate(users)
        ]  # fmt: skip
        body = msgspec.json.encode({"batch": said})
        self.tb.world.log.append([Body("import", self.now, body)])

    def tick(self) -> None:
        self.now += SECOND
        flow.keep_current(self.tb.world, self.now, work=self.behind)

    def entered(self, segment: str) -> list[int]:
        return [each.person for each in self.tb.world.changes.after(0, 99) if each.entered
                and each.segment == segment]  # fmt: skip

    def close(self) -> None:
        self.behind.stop()
        self.tb.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    made.tb.put("segment", "buyers", BUYERS)
    yield made
    made.close()


def trained(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clusters that were trained two days ago, so that their training is due."""
    shop.tb.put("clusters", "shoppers", SHOPPERS)
    report = ClusterReport("kmeans", 9, 0, 2.0, 0.5, 0.1, 0.9, 0.8, serves=True, why="")
    card = clusters._card(clusters.find(shop.tb.world, "shoppers"), report, shop.now - 2 * DAY)
    found = {clusters.MODEL + "shoppers": card}
    monkeypatch.setattr(learning, "card", lambda _, name: found.get(name))
    monkeypatch.setattr(clusters, "serving", lambda *_: None)


def test_people_enter_while_clusters_are_trained(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(shop, monkeypatch)
    begun, go = threading.Event(), threading.Event()
    times: list[int] = []

    def long(*_: object, **__: object) -> None:
        times.append(shop.now)
        begun.set()
        assert go.wait(30)
        raise ModelError("there is nothing to be found", mend="wait for more people")

    monkeypatch.setattr(predict, "train_clusters", long)
    shop.tick()
    assert begun.wait(30)
    shop.buys("ada")
    shop.tick()
    assert shop.entered("buyers") == [1]
    shop.buys("bea")
    shop.tick()
    assert shop.entered("buyers") == [1, 2]
    go.set()
    while shop.waits_for("training of shoppers"):
        shop.tick()
    shop.tick()
    assert len(times) == 1, "a training that found nothing is tried again in a day"


def test_a_million_new_tiers_are_told_some_at_a_time_with_ticks_between(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculating, "EVENTS_IN_BODY", 1)
    users = ("ada", "bea", "cyd")
    shop.buys(*users, *users)
    shop.tick()
    shop.tb.put("groups", "loyalty", LOYALTY)
    before = shop.tb.world.log.end()
    shop.tick()
    grown = []
    while shop.waits_for("groups loyalty 1"):
        grown.append(shop.tb.world.log.end() - shop.tb.world.people.cursor())
        shop.tick()
    assert max(grown) == 1, "no more waits than one tick takes in"
    assert shop.tb.world.log.end() == before + len(users)
    tiers = table(shop.tb.world.facts, ["tier_loyalty"], as_of=shop.now)["tier_loyalty"]
    assert tiers.to_pylist() == ["gold"] * 3
    end = shop.tb.world.log.end()
    shop.tick()
    shop.tick()
    assert shop.tb.world.log.end() == end, "it is not due again"


def test_too_few_customers_are_counted_again_in_a_minute(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorbird.segments import rfm

    counted: list[Instant] = []
    calibrate = rfm.calibrate

    def noted(*arguments: object, now: Instant) -> rfm.Calibration | None:
        counted.append(now)
        return calibrate(*arguments, now=now)  # type: ignore[arg-type]

    monkeypatch.setattr(rfm, "calibrate", noted)
    shop.tb.ready.install("rfm")
    assert len(counted) == 1
    flow.keep_current(shop.tb.world, shop.now + SECOND)
    assert len(counted) == 1
    flow.keep_current(shop.tb.world, shop.now + MINUTE)
    assert len(counted) == 2

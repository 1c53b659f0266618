"""Clusters over a data folder: found by command, kept as a trait, followed by segments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.clock import Clock

from tailorbird import profiles
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import ConflictError, DefinitionError, ModelError, UsageError
from tailorbird.readings import models
from tailorbird.ready import Ready, recalculate_due
from tailorbird.schema import DAY, Body

NOW = 20_500 * DAY
TEXT = """
name: shoppers
features: [orders, recency_days, revenue_minor]
count: 2
among: repeat-buyers
"""


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    """Return a shop with 60 who buy often, 60 who bought twice long ago, and 20 who bought once."""
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as opened:
        opened.install_library()
        for number in range(140):
            often, once = number < 60, number >= 120
            orders = 10 + number % 5 if often else 1 if once else 2
            age = 5 + number % 7 if often else 200 + number
            buy(opened, f"p{number}", NOW - age * DAY, orders)
        opened.ingest()
        yield opened


def buy(tb: Tailorbird, who: str, at: int, orders: int) -> None:
    iso = datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()
    agreed = {"email_marketing": True, "personalisation": True, "training": True}
    said: list[dict[str, object]] = [
        {
            "type": "identify", "userId": who, "timestamp": iso, "messageId": f"{who}-{at}",
            "context": {"consent": {"categoryPreferences": agreed}},
        }
    ]  # fmt: skip
    said += [
        {
            "type": "track", "event": "Order Completed", "userId": who, "timestamp": iso,
            "messageId": f"{who}-{at}-{number}",
            "properties": {"order_id": f"{who}-{at}-{number}", "total": 20 + number},
        }
        for number in range(orders)
    ]  # fmt: skip
    tb.world.log.append([Body("server:shop", at, msgspec.json.encode({"batch": said}))])


def kept(tb: Tailorbird, who: str) -> str | None:
    """Return the cluster that was kept of somebody."""
    people = [tb.person(who)]
    rows = profiles.table(tb.world.facts, ["cluster_shoppers"], as_of=tb.clock(), people=people)
    found: str | None = rows["cluster_shoppers"][0].as_py()
    return found


def test_clusters_are_found_kept_and_followed_as_people_change(
    shop: Tailorbird, clock: Clock
) -> None:
    shop.put("clusters", "shoppers", TEXT)
    report = Ready(shop.world, clock.now).train_clusters("shoppers")
    shop.ingest()
    assert report.serves, report.why
    assert sorted(each.people for each in report.clusters) == [60, 60]
    often, seldom = kept(shop, "p0"), kept(shop, "p100")
    assert often is not None
    assert often != seldom
    assert kept(shop, "p130") is None
    text = f"name: keen\nwhere: {{trait: cluster_shoppers, is: {often}}}"
    shop.put("segment", "keen", text)
    assert shop.segment_count("keen") == 60
    assert recalculate_due(shop.world, clock.now) == []
    for who in ("p100", "p130"):
        buy(shop, who, clock.now, 12)
    clock.now += DAY
    shop.ingest()
    (done,) = recalculate_due(shop.world, clock.now)
    shop.ingest()
    assert done.changed == 2
    assert kept(shop, "p100") == kept(shop, "p130") == often
    assert shop.segment_count("keen") == 62
    shown = shop.readings.cluster_set("shoppers")
    assert shown is not None
    assert shown.stability > 0.9
    assert [card.kind for card in shop.model_cards()] == ["clusters"]
    assert "clusters" in {each.target for each in models.rows(shop.world)}


def test_clusters_among_a_segment_that_is_refused_since_stay_as_they_were(
    shop: Tailorbird, clock: Clock
) -> None:
    shop.put("clusters", "shoppers", TEXT)
    Ready(shop.world, clock.now).train_clusters("shoppers")
    shop.ingest()
    before = kept(shop, "p100")
    refused = "name: repeat-buyers\nwhere: {fancy: 1}\n"
    shop.world.definitions.put(
        "segment", "repeat-buyers", refused, author="old", reason="", now=clock.now
    )
    buy(shop, "p100", clock.now, 12)
    clock.now += DAY
    shop.ingest()
    assert recalculate_due(shop.world, clock.now) == []
    assert kept(shop, "p100") == before is not None


def test_clusters_that_make_no_sense_are_refused_with_their_line(shop: Tailorbird) -> None:
    for text, told in (
        ("name: shoppers\nfeatures: [orders, tier]", r"shoppers.yaml:2: the trait 'tier' is no"),
        ("name: shoppers\nfeatures: [orders]", "name 2 to 20 of them"),
        (f"{TEXT}radius: 1.5", "'radius' 1.5 does not fit kmeans"),
        (f"{TEXT}train: often", "'often' is no time between"),
        (TEXT.replace("repeat-buyers", "repeat-byers"), "did you mean 'repeat-buyers'"),
        (TEXT.replace("shoppers", "others"), "give both one name"),
    ):
        with pytest.raises(DefinitionError, match=told):
            shop.put("clusters", "shoppers", text)
    with pytest.raises(UsageError, match="no clusters 'shoppers'"):
        Ready(shop.world, NOW).train_clusters("shoppers")


def test_training_that_finds_nothing_stops_nothing_and_is_not_tried_at_every_tick(
    shop: Tailorbird, clock: Clock
) -> None:
    shop.put("clusters", "shoppers", f"{TEXT}train: 30d")
    Ready(shop.world, clock.now).train_clusters("shoppers")
    shop.ingest()
    kept_before = kept(shop, "p0")
    everybody = {f"p{number}" for number in range(140)}
    withdraw(shop, everybody, clock.now)
    clock.now += 31 * DAY
    assert [each.name for each in recalculate_due(shop.world, clock.now)] == ["shoppers"]
    assert shop.world.log.progress("clusters-train:shoppers") == str(clock.now)
    shop.ingest()
    assert kept(shop, "p0") == kept_before
    assert shop.model_cards()[0].trained_at == NOW


def test_a_segment_that_is_clustered_is_not_removed(shop: Tailorbird) -> None:
    shop.put("clusters", "shoppers", TEXT)
    with pytest.raises(ConflictError, match=r"clusters shoppers \(among\)"):
        shop.remove_segment("repeat-buyers")


def withdraw(tb: Tailorbird, people: set[str], at: int) -> None:
    """Have people withdraw what they allowed models to learn."""
    for who in people:
        said = {"type": "track", "event": "x", "userId": who, "context": {
            "consent": {"categoryPreferences": {"training": False}}}}  # fmt: skip
        tb.world.log.append([Body("server:shop", at, msgspec.json.encode(said))])
    tb.ingest()


def test_nobody_is_learnt_from_who_did_not_agree(shop: Tailorbird, clock: Clock) -> None:
    withdraw(shop, {f"p{number}" for number in range(30)}, NOW)
    shop.put("clusters", "shoppers", TEXT)
    with pytest.raises(ModelError, match="90 people are too few"):
        Ready(shop.world, clock.now).train_clusters("shoppers")


def test_clusters_are_found_from_the_command_line(
    shop: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.close()
    file = tmp_path / "shoppers.yaml"
    file.write_text(TEXT, encoding="utf-8")
    folder = ["--folder", str(tmp_path / "data")]
    assert run(["clusters", "add", str(file), *folder]) == 0
    assert run(["clusters", "assign", "shoppers", *folder]) == 2
    assert run(["clusters", "train", "shoppers", *folder]) == 0
    assert run(["clusters", "assign", "shoppers", *folder]) == 0
    assert run(["clusters", "show", "shoppers", "--json", *folder]) == 0
    assert run(["clusters", "list", *folder]) == 0
    told = capsys.readouterr()
    assert "no clusters 'shoppers' serve" in told.err
    assert "resampled people give the same clusters" in told.out

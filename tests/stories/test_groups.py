"""Tiers, RFM and levels: exact at every instant, and kept on their own calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from tests.clock import Clock

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.ready import Ready, recalculate_due
from tailorbird.schema import DAY, Body, Instant

Buy: TypeAlias = Callable[[str, Instant, int], None]


def at(text: str) -> Instant:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-03-20"))


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as opened:
        yield opened


def ready(tb: Tailorbird) -> Ready:
    return Ready(tb.world, tb.clock())


def buy(tb: Tailorbird, who: str, when: Instant, orders: int) -> None:
    """Have somebody buy so often at an instant."""
    iso = datetime.fromtimestamp(when / 1_000_000, UTC).isoformat()
    bought: list[dict[str, Any]] = [
        {
            "type": "track", "event": "Order Completed", "userId": who, "timestamp": iso,
            "messageId": f"{who}-{when}-{number}",
            "properties": {"order_id": f"{who}-{when}-{number}", "total": 10, "currency": "EUR"},
        }
        for number in range(orders)
    ]  # fmt: skip
    tb.world.log.append([Body("server:shop", when, msgspec.json.encode({"batch": bought}))])
    tb.ingest()


def tier(tb: Tailorbird, who: str, as_of: Instant | None = None) -> str | None:
    """Return the tier that was kept of somebody."""
    from tailorbird import profiles

    person, when = tb.person(who), tb.clock() if as_of is None else as_of
    rows = profiles.table(tb.world.facts, ["tier_loyalty"], as_of=when, people=[person])
    kept: str | None = rows["tier_loyalty"][0].as_py()
    return kept


def test_a_tier_is_exact_now_and_kept_as_it_was_on_the_first_of_the_month(
    shop: Tailorbird, clock: Clock
) -> None:
    buy(shop, "anna", at("2025-04-10"), 9)
    buy(shop, "anna", at("2026-03-19"), 4)
    ready(shop).install("loyalty")
    shop.ingest()
    assert tier(shop, "anna") == "gold"
    clock.now = at("2026-04-20")
    assert shop.segment_count("loyalty.gold") == 0
    assert shop.segment_count("loyalty.bronze") == 1
    assert tier(shop, "anna") == "gold"
    flow.refresh(shop.world, clock.now)
    (done,) = recalculate_due(shop.world, clock.now)
    shop.ingest()
    assert (done.people["bronze"], done.changed) == (1, 1)
    assert tier(shop, "anna") == "bronze"
    assert tier(shop, "anna", at("2026-04-19")) == "gold"
    assert recalculate_due(shop.world, at("2026-04-30")) == []
    assert [each.changed for each in recalculate_due(shop.world, at("2026-05-01"))] == [0]


def test_what_a_recalculation_kept_is_a_trait_of_segments_and_survives_a_rebuild(
    shop: Tailorbird, clock: Clock
) -> None:
    buy(shop, "anna", clock.now - DAY, 13)
    buy(shop, "bea", clock.now - DAY, 1)
    ready(shop).install("loyalty")
    shop.ingest()
    shop.put("segment", "were-gold", "name: were-gold\nwhere: {trait: tier_loyalty, is: gold}")
    assert shop.segment_people("were-gold") == [shop.person("anna")]
    shop.refresh()
    shop.rebuild()
    assert shop.segment_people("were-gold") == [shop.person("anna")]
    assert shop.verify_segments() == []


def test_nobody_gives_herself_a_tier(shop: Tailorbird, clock: Clock) -> None:
    said = {
        "type": "identify", "userId": "anna", "messageId": "m1",
        "traits": {"tier_loyalty": "gold", "colour": "red"},
    }  # fmt: skip
    shop.world.log.append([Body("web:shop", clock.now, msgspec.json.encode(said))])
    shop.ingest()
    assert tier(shop, "anna") is None


def test_rfm_keeps_its_thresholds_until_they_are_too_old(shop: Tailorbird, clock: Clock) -> None:
    kinds = ready(shop)
    kinds.install("rfm")
    with pytest.raises(UsageError, match="waits for its thresholds"):
        kinds.sizes("rfm")
    for number in range(60):
        buy(shop, f"p{number}", clock.now - (number + 1) * DAY, 1 + number % 5)
    recalculate_due(shop.world, clock.now)
    first = ready(shop).sizes("rfm")
    assert sum(first.values()) == 60
    shop.refresh()
    assert shop.verify_segments() == []
    listed = {size.name: size.people for size in shop.readings.segments(clock.now)}
    assert {name: listed[f"rfm.{name}"] for name in first} == first
    page = shop.readings.segment("rfm.champions", clock.now)
    assert page is not None
    assert "recency_days" in page.text
    clock.now += 20 * DAY
    recalculate_due(shop.world, clock.now)
    aged = ready(shop).sizes("rfm")
    assert aged["champions"] < first["champions"]
    clock.now += 10 * DAY
    recalculate_due(shop.world, clock.now)
    assert ready(shop).sizes("rfm") == first
    found = shop.readings.group_list("rfm")
    assert found is not None
    assert found.customers == 60
    assert found.calibrated_at == datetime(2026, 4, 19, tzinfo=UTC)
    explained = shop.readings.explain("rfm.champions", shop.person("p0"), clock.now)
    assert explained is not None


def test_a_past_instant_has_the_thresholds_of_then(
    shop: Tailorbird, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    ready(shop).install("rfm")
    for number in range(60):
        buy(shop, f"p{number}", clock.now - (number + 1) * DAY, 1 + number % 5)
    early = clock.now
    recalculate_due(shop.world, early)
    then = ready(shop).sizes("rfm")
    clock.now += 60 * DAY
    for number in range(60):
        buy(shop, f"q{number}", clock.now - (number + 1) * 3600 * 1_000_000, 20)
    recalculate_due(shop.world, clock.now)
    assert {
        name: shop.segment_count(f"rfm.{name}", as_of=early) for name in then
    } == then  # fmt: skip
    both = ["rfm.champions", "rfm.loyal"]
    overlap = shop.readings.overlap(both, clock.now, early)
    assert [size.people for size in overlap.sizes] == [then["champions"], then["loyal"]]
    explained = shop.readings.explain("rfm.champions", shop.person("p4"), early)
    assert explained is not None
    assert explained.member
    folder = str(shop.world.folder)
    shop.close()
    for asked in (
        ["segments", "count", "rfm.champions"],
        ["segments", "preview", "rfm.champions"],
        ["segments", "explain", "rfm.champions", "p4"],
        ["segments", "overlap", *both],
        ["groups", "show", "rfm"],
        ["groups", "scores", "rfm", "p4"],
    ):
        assert run([*asked, "--as-of", "2026-03-19", "-C", folder]) == 0
        told = capsys.readouterr().out
        assert told.count("by the thresholds of 2026-03-20") == 1, asked
        assert run([*asked, "--as-of", "2026-03-21", "-C", folder]) == 0
        assert "none had been taken before" not in capsys.readouterr().out, asked


def test_a_list_that_names_no_segment_or_itself_is_refused(shop: Tailorbird) -> None:
    kinds = ready(shop)
    unknown = "name: x\ngroups:\n  - {name: a, where: {segment: nowhere}}"
    with pytest.raises(DefinitionError, match="no segment 'nowhere'"):
        kinds.put("x", unknown)
    circle = "name: x\ngroups:\n  - {name: a, where: {segment: x.a}}"
    with pytest.raises(DefinitionError, match=r"in a circle: x\.a -> x\.a"):
        kinds.put("x", circle)
    with pytest.raises(DefinitionError, match="give both one name"):
        kinds.put("y", "name: x\ngroups:\n  - {name: a, where: {did: purchase}}")
    assert shop.readings.group_lists() == ()


def test_groups_are_counted_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "data")
    assert run(["init", folder]) == 0
    for arguments in (
        ["groups", "add", "loyalty"],
        ["groups", "add", "rfm"],
        ["groups", "list"],
        ["groups", "show", "loyalty", "--as-of", "2026-01-01"],
        ["groups", "recalculate", "loyalty"],
        ["segments", "overlap", "loyalty.gold", "repeat-buyers"],
        ["segments", "explain", "--help"],
    ):
        folded = [*arguments, "--folder", folder] if "--help" not in arguments else arguments
        assert run(folded) == 0, arguments
    assert run(["groups", "show", "rfm", "--folder", folder]) == 2
    told = capsys.readouterr()
    assert "more than 12 orders a year" in told.out.lower()
    assert "waits for its thresholds" in told.err


def test_a_list_of_groups_that_is_used_is_not_removed_by_the_command_line(
    shop: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(shop.world.folder)]
    shop.ready.install("loyalty")
    shop.put("segment", "top", "name: top\nwhere: {segment: loyalty.gold}\n")
    shop.close()
    assert run(["groups", "remove", "loyalty", *folder]) == 1
    assert "groups 'loyalty' is used by segment top (condition)" in capsys.readouterr().err
    assert run(["segments", "remove", "top", *folder]) == 0
    assert run(["groups", "remove", "loyalty", *folder]) == 0
    assert run(["groups", "remove", "loyalty", *folder]) == 2
    assert run(["groups", "versions", "nobody", *folder]) == 2
    assert run(["clusters", "remove", "nobody", *folder]) == 2

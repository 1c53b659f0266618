"""From what a browser sends to sessions, traits, segments and a person's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.readings import history, people
from tailorbird.schema import HOUR, MINUTE, Body, Instant

NOW: Instant = 1_760_000_000_000_000
"""2025-10-09T08:53:20Z, a Thursday."""
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)
SEGMENT = """
name: evening-phones
where:
  all:
    - did: page_viewed
      where: {context.device: phone, context.hour: {at_least: 18}, context.utm_campaign: may}
    - trait: sessions_30d
      at_least: 2
    - did: session_ended
      where: {context.session_seconds: {at_least: 600}}
    - did: page_left
      sum: {of: dwell_seconds, at_least: 40}
"""


def seen(minutes_ago: int, user: str = "u1", **more: Any) -> dict[str, Any]:
    """Return a page view in Tokyo, where it is nearly evening."""
    context = {
        "userAgent": PHONE,
        "timezone": "Asia/Tokyo",
        "location": {"country": "JP", "city": "Tokyo"},
        "page": {
            "url": "https://shop.example/garden?utm_source=news&utm_campaign=may",
            "referrer": "https://www.google.com/",
        },
    }
    return {
        "type": "page",
        "userId": user,
        "messageId": f"{user}{minutes_ago}{sorted(more)}",
        "timestamp": (NOW - minutes_ago * MINUTE) // 1000,
        "context": context,
    } | more


def tell(tb: Tailorbird, *messages: dict[str, Any], source: str = "web:key") -> None:
    tb.world.log.append([Body(source, NOW, msgspec.json.encode({"batch": messages}))])
    tb.ingest()
    tb.refresh()


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a shop in Berlin."""
    (tmp_path / "tailorbird.toml").write_text('[shop]\nzone = "Europe/Berlin"\n')
    with Tailorbird.open(tmp_path, environment={}, clock=lambda: NOW) as opened:
        yield opened


def test_visits_make_traits_segments_and_a_page(tb: Tailorbird) -> None:
    tb.put("segment", "evening-phones", SEGMENT)
    left: dict[str, Any] = {
        "type": "track",
        "event": "Page Left",
        "properties": {"active_seconds": 45},
    }
    tell(
        tb,
        seen(60 * 24 + 15),
        seen(60 * 24),
        seen(60 * 24 - 1, **left),
        seen(10),
        seen(60 * 24, "u2"),
    )
    person = tb.person("u1")
    assert person is not None
    assert tb.segment_people("evening-phones") == []  # 17 h 53 in Tokyo
    tell(tb, seen(60 * 23))
    assert tb.segment_people("evening-phones") == [person]
    report = people.report(tb.world, person, NOW)
    assert report is not None
    traits = {each.name: each.value for each in report.traits}
    assert traits["sessions_30d"] == 3
    assert traits["usual_device"] == "phone"
    assert traits["last_country"] == "JP"
    assert traits["dwell_seconds_30d"] == 45
    assert [(each.pages, each.ended) for each in report.sessions] == [
        (1, False),
        (1, True),
        (2, True),
    ]
    assert report.sessions[0].context.place == "Tokyo, JP"
    page = history.timeline(tb.world, person, "", 10)
    assert page is not None
    assert page.entries[0].context.device == "phone · Mobile Safari · iOS"
    assert page.entries[0].context.came_from == "other: news / may"
    assert page.entries[0].context.local_time == "17:43"


def test_a_rebuild_counts_the_same_sessions(tb: Tailorbird) -> None:
    tell(tb, seen(90), seen(80, "u2"))
    tell(tb, seen(100))
    everything = "SELECT * FROM sessions ORDER BY ALL"
    before = tb.world.facts.read(everything).to_pylist()
    tb.rebuild()
    assert tb.world.facts.read(everything).to_pylist() == before
    assert len(before) == 2


def test_the_shop_clock_counts_where_nobody_tells(tb: Tailorbird) -> None:
    tell(tb, {"type": "track", "event": "x", "userId": "u1", "timestamp": (NOW - HOUR) // 1000})
    rows = tb.world.facts.read("SELECT hour, weekday, utc_offset FROM facts").to_pylist()
    assert rows == [{"hour": 9, "weekday": 4, "utc_offset": 120}]


def test_a_public_key_gives_no_rank_and_its_event_is_taken(tb: Tailorbird) -> None:
    said = {"type": "identify", "userId": "u1", "traits": {"vip": True, "colour": "red"}}
    tell(tb, said)
    person = tb.person("u1")
    assert person is not None
    traits = tb.world.people.profiles([person])[person].traits
    assert traits["colour"] == "red"
    assert "vip" not in traits
    assert tb.world.people.quarantine_counts() == {"protected_trait": 1}
    tell(tb, said | {"messageId": "s"}, source="server:shop")
    assert tb.world.people.profiles([person])[person].traits["vip"] is True

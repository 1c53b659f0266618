"""Opens and clicks of machines are told from those of people, each with its reason."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from tailorbird.schema import SECOND
from tailorbird.tracking.humans import Bursts, Visit, judge

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148"
)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"
HOUR_LATER = Visit("open", IPHONE, 3600)


@pytest.mark.parametrize("agent", [IPHONE, GMAIL, OUTLOOK])
@pytest.mark.parametrize("kind", ["open", "click"])
def test_a_person_reads_an_hour_later(agent: str, kind: str) -> None:
    visit = msgspec.convert(
        {"kind": kind, "user_agent": agent, "seconds_since_send": 3600.0}, Visit
    )
    assert not judge(visit).machine
    assert judge(visit).reason == ""


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("", "no_user_agent"),
        ("Mozilla/5.0", "apple_mail_privacy"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
            "google_prefetch",
        ),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", "security_scanner"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "robot"),
        ("python-requests/2.32", "not_a_browser"),
        ("curl/8.5.0", "robot"),
        ("Luminary/1.0", "not_a_browser"),
    ],
)
def test_known_machines_are_named(agent: str, reason: str) -> None:
    judgement = judge(msgspec.structs.replace(HOUR_LATER, user_agent=agent))
    assert (judgement.machine, judgement.reason) == (True, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "HEAD"}, "not_a_get_request"),
        ({"prefetch": True}, "prefetch"),
        ({"seconds_since_send": 1.0}, "too_soon"),
        ({"seconds_since_send": -5.0}, "too_soon"),
        ({"kind": "click", "seconds_since_send": 3.0}, "too_soon"),
        ({"kind": "click", "links_in_burst": 3}, "many_links_at_once"),
    ],
)
def test_behaviour_that_no_person_shows_is_a_machine(
    change: dict[str, object], reason: str
) -> None:
    visit = msgspec.convert(msgspec.structs.asdict(HOUR_LATER) | change, Visit)
    assert judge(visit).reason == reason


def test_two_links_in_quick_succession_may_be_a_person() -> None:
    assert not judge(Visit("click", IPHONE, 60, links_in_burst=2)).machine


def test_a_burst_counts_different_links_of_one_mail_within_ten_seconds() -> None:
    bursts = Bursts()
    one, two = b"1" * 16, b"2" * 16
    assert [bursts.add(one, link, 0) for link in (1, 2, 2, 3)] == [1, 2, 2, 3]
    assert bursts.add(two, 1, 0) == 1
    assert bursts.add(one, 4, 11 * SECOND) == 1


def test_links_followed_at_the_same_moment_are_all_counted() -> None:
    bursts = Bursts()
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda link: bursts.add(b"1" * 16, link, 0), range(200)))
    assert sorted(counts) == list(range(1, 201))


def test_a_flood_of_mails_does_not_fill_the_memory() -> None:
    bursts = Bursts(most=3)
    for number in range(10):
        bursts.add(bytes([number]), 1, 0)
    assert bursts.add(bytes([9]), 2, 0) == 2
    assert bursts.add(bytes([0]), 2, 0) == 1


@pytest.mark.shared
def test_nearly_all_published_robots_are_known(shared_data: Path) -> None:
    with gzip.open(shared_data / "clients" / "bots.jsonl.gz", "rt", encoding="utf-8") as lines:
        agents = [json.loads(line)["user_agent"] for line in lines]
    found = sum(judge(Visit("open", agent, 3600)).machine for agent in agents)
    assert len(agents) > 1000
    assert found / len(agents) > 0.93


@pytest.mark.shared
def test_hardly_any_published_browser_on_a_phone_is_taken_for_a_machine(shared_data: Path) -> None:
    path = shared_data / "clients" / "user_agents.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    phones = [
        case["user_agent"]
        for case in cases
        if (case.get("device") or {}).get("brand") not in (None, "Spider", "Generic")
        and case["user_agent"].startswith("Mozilla/5.0")
    ]
    wrong = [agent for agent in phones if judge(Visit("open", agent, 3600)).machine]
    assert len(phones) > 500
    assert len(wrong) / len(phones) < 0.01, wrong[:5]

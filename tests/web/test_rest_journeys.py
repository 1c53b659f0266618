"""Over HTTP: journeys are listed, drawn, checked, kept and published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.enrolments import Entry
from tailorbird.schema import HOUR, SECOND

NOW = 1_700_000_000 * SECOND
Call = Callable[..., httpx.Response]
TEXT = """\
name: hello
mode: paused
description: A word of welcome
trigger: {event: signed_up}
steps:
  - wait: 1h
  - wait_for: {event: purchase}
    timeout: 2d
    id: bought
    then: [{exit: has bought}]
  - set: {stage: silent}
"""


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with one journey, and one whose text is broken."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        opened.put("journey", "hello", TEXT)
        put = opened.world.definitions.put
        put("journey", "old", "name: old\n", author="", reason="", now=NOW)
        yield opened


def test_journeys_are_listed_broken_ones_too(call: Call) -> None:
    hello, old = call("/journeys").json()
    assert (hello["name"], hello["mode"], hello["people"]) == ("hello", "paused", 0)
    assert old["fault"].startswith("journeys/old.yaml:1: a journey needs 'trigger'")


def test_a_journey_is_drawn_step_by_step(call: Call) -> None:
    page = call("/journeys/hello").json()
    assert page["head"] == ["begins: signed_up", "enters again: never"]
    assert [(each["step"], each["depth"], each["words"]) for each in page["steps"]] == [
        ("1", 0, "wait 1h"),
        ("bought", 0, "wait until purchase since entry, 2d at most"),
        ("bought.then.1", 1, "leave: has bought"),
        ("3", 0, "set {stage: silent}"),
    ]
    assert page["steps"][1]["ways"] == [
        {"when": "it holds", "to": "bought.then.1"},
        {"when": "time is over", "to": "3"},
    ]
    assert page["drawing"][1].endswith("[it holds -> bought.then.1; time is over -> 3]")
    assert call("/journeys/nothing").status_code == 404


def test_the_mail_of_a_step_has_a_result_as_a_campaign_has(call: Call, tb: Tailorbird) -> None:
    text = TEXT.replace(
        "  - wait: 1h", "  - send: hello-1\n    template: win_back\n    subject: Hi"
    )
    tb.install_library()
    tb.put("journey", "hello", text)
    result = call("/journeys/hello/mails/hello-1").json()
    assert (result["name"], result["version"], result["verdicts"]) == ("hello/hello-1", 2, [])
    for none in ("/journeys/hello/mails/nothing", "/journeys/none/mails/hello-1"):
        assert call(none).status_code == 404


def test_a_text_is_checked_without_being_kept(call: Call) -> None:
    wrong = TEXT + "  - jump: nowhere\n"
    (finding, *_) = call("/journeys/hello/check", "POST", json={"text": wrong}).json()
    assert (finding["code"], finding["severity"], finding["step"]) == ("nowhere", "error", "4")
    assert finding["where"] == "journeys/hello.yaml:12"
    broken = call("/journeys/hello/check", "POST", json={"text": "name: ["}).json()
    assert broken[0]["code"] == "text"
    assert call("/journeys/hello").json()["version"] == 1


def test_a_draft_is_drawn_with_who_stands_where_and_nothing_is_kept(
    call: Call, tb: Tailorbird
) -> None:
    entry = Entry(7, "", 1, NOW, NOW, NOW + HOUR, "1")
    tb.world.enrolments.enter("hello", 1, [entry], NOW)
    text = TEXT.replace("  - wait: 1h", "  - {wait: 3h, id: pause}")
    drawn = call("/journeys/hello/draft", "POST", json={"text": text}).json()
    assert [each["words"] for each in drawn["steps"]][:1] == ["wait 3h"]
    assert drawn["standing"] == [
        {"version": 1, "step": "1", "people": 1, "how": "removed", "to": ""}
    ]
    assert call("/journeys/hello").json()["version"] == 1
    broken = call("/journeys/hello/draft", "POST", json={"text": "name: ["}).json()
    assert (broken["findings"][0]["code"], broken["steps"]) == ("text", [])


def test_a_journey_is_paused(call: Call) -> None:
    call("/journeys/hello/publish", "POST", json={})
    assert call("/journeys/hello/pause", "POST", json={}).json()["version"] == 3
    assert call("/journeys/hello").json()["mode"] == "paused"


def test_a_text_is_kept_once_it_is_valid(call: Call) -> None:
    kept = call("/journeys/hello", "PUT", json={"text": TEXT.replace("1h", "2h")})
    assert (kept.status_code, kept.json()["version"]) == (200, 2)
    refused = call("/journeys/hello", "PUT", json={"text": TEXT.replace("1h", "soon")})
    assert refused.status_code == 422
    assert "step 1: 'soon' is no length of time" in refused.text
    misnamed = call("/journeys/other", "PUT", json={"text": TEXT})
    assert misnamed.status_code == 422


def test_publishing_puts_it_live(call: Call) -> None:
    told = call("/journeys/hello/publish", "POST", json={}).json()
    assert (told["version"], told["older"], told["moved"]) == (2, [], 0)
    assert call("/journeys/hello").json()["mode"] == "live"
    assert call("/journeys/none/publish", "POST", json={}).status_code == 404


def test_a_journey_is_removed_and_people_in_it_are_asked_for(call: Call, tb: Tailorbird) -> None:
    entry = Entry(7, "", 1, NOW, NOW, NOW + HOUR, "1")
    tb.world.enrolments.enter("hello", 1, [entry], NOW)
    refused = call("/journeys/hello/remove", "POST", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "1 people are in journey 'hello': 1 at 1" in refused.text
    body = {"end": True, "author": "ada", "reason": "over"}
    done = call("/journeys/hello/remove", "POST", json=body)
    assert done.json() == {"name": "hello", "version": 1, "ended": 1}
    assert call("/journeys/hello").status_code == 404
    assert call("/journeys/hello/remove", "POST", json={}).status_code == 404

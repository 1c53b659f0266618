"""Subject lines and whom a mail moves, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tailorbird.app import Tailorbird

Call = Callable[..., httpx.Response]
CAMPAIGN = """\
name: spring
audience: everybody
template: win_back
variants: {only: {subject: Spring}}
recommendations: 0
"""


def scored(call: Call, *subjects: str) -> httpx.Response:
    return call("/subjects/score", "POST", json={"subjects": list(subjects)})


def test_subjects_are_compared_with_reasons_and_a_test(call: Call) -> None:
    found = scored(call, "our new boots have come", "OUR NEW BOOTS HAVE COME")
    assert found.status_code == 200, found.text
    told = found.json()
    assert (told["called"], told["why"]) == ("", "unproven")
    assert sum(each["chance"] for each in told["candidates"]) == pytest.approx(1)
    assert told["candidates"][1]["reasons"][0]["what"] == "WORDS IN CAPITALS"
    assert told["test"]["people"] == 2 * told["test"]["people_each"]


@pytest.mark.parametrize(
    ("subjects", "why"), [(["one"], "alone"), (["a", "a"], "same"), (["", "a"], "empty")]
)
def test_what_cannot_be_compared_has_no_test(call: Call, subjects: list[str], why: str) -> None:
    told = scored(call, *subjects).json()
    assert (told["why"], told["test"]) == (why, None)


def test_no_subject_too_many_and_too_long_ones_are_refused(call: Call) -> None:
    for subjects in ([], ["a"] * 21, ["a" * 501, "b"]):
        assert scored(call, *subjects).status_code == 400


def test_what_scores_is_told_and_learns_when_asked(call: Call) -> None:
    before = call("/subjects/model").json()
    assert (before["version"], before["proven"]) == (0, False)
    assert "Upworthy" in before["learnt_from"]
    learnt = call("/subjects/learn", "POST", json={})
    assert (learnt.status_code, learnt.json()["version"]) == (200, 1)


def test_whom_a_mail_moves_is_learnt_behind_the_request(call: Call, tb: Tailorbird) -> None:
    tb.install_library()
    tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
    tb.put("campaign", "spring", CAMPAIGN)
    assert call("/campaigns/spring/uplift/training").json()["state"] == ""
    begun = call("/campaigns/spring/uplift/train", "POST")
    assert (begun.status_code, begun.json()["name"]) == (202, "spring"), begun.text
    while (ended := call("/campaigns/spring/uplift/training").json())["state"] == "running":
        pass
    assert (ended["state"], ended["why"]) == ("done", "")
    found = call("/campaigns/spring/uplift").json()
    assert (found["serves"], found["version"]) == (False, 1)
    for where in ("/campaigns/autumn/uplift/train", "/campaigns/autumn/uplift/training"):
        assert call(where, "POST" if where.endswith("train") else "GET").status_code == 404


def test_tests_of_subjects_are_listed(call: Call) -> None:
    assert call("/subjects/tests").json() == []


def test_of_a_campaign_without_an_experiment_nothing_is_told(call: Call, tb: Tailorbird) -> None:
    tb.install_library()
    tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
    tb.put("campaign", "spring", CAMPAIGN)
    assert call("/campaigns/spring/uplift").status_code == 404
    assert call("/campaigns/autumn/uplift").status_code == 404

"""Campaign files, and decisions with their reason."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.errors import DefinitionError
from tailorbird.journeys.campaign import parse
from tailorbird.journeys.decisions import Candidate, decide, decision_id
from tailorbird.privacy.permit import Answer, permit
from tailorbird.schema import ConsentState

GOOD = """\
name: win-back
audience: lapsed
template: win_back
variants:
  plain: {subject: Hello}
  named: {subject: "Hello {{ person.first_name }}", share: 3}
holdout: 0.2
cap: {messages: 2, days: 7}
"""


def allowed(person: int) -> Answer:
    return permit(
        ConsentState(person, granted={"email_marketing": 5}), person, "email_marketing", 1
    )


def candidate(person: int = 1, **changes: object) -> Candidate:
    given: dict[str, object] = {
        "person": person,
        "permit": allowed(person),
        "has_address": True,
        "variant": "plain",
        "probability": 0.2,
        "inputs": {"traits": {"tier": "gold"}},
    }
    return Candidate(**(given | changes))  # type: ignore[arg-type]


def test_shares_sum_to_one_with_the_holdout() -> None:
    campaign = parse(GOOD, "win-back.yaml")
    assert campaign.shares() == {"plain": 0.25, "named": 0.75}
    assert sum(campaign.probabilities().values()) == pytest.approx(1)
    assert campaign.probabilities()["holdout"] == 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("audience: lapsed", "audiense: lapsed"), r"win-back\.yaml:2: .*audiense.*'audience'"),
        (
            ("holdout: 0.2", "holdout: 1.5"),
            r"win-back\.yaml:7: 'holdout' is 1\.5, but it must be below 1",
        ),
        (
            ("holdout: 0.2", "holdout: lots"),
            r"win-back\.yaml:7: 'holdout' is 'lots', but it must be a number",
        ),
        (("template: win_back\n", ""), r"win-back\.yaml:1: .*missing required field 'template'"),
        (("plain: {subject: Hello}", "holdout: {subject: Hello}"), r"win-back\.yaml:5: .*another"),
        (("name: win-back", "name: win-back\nname: b"), r"win-back\.yaml:2: .*stands twice"),
        (("holdout: 0.2", "holdout: &a 0.2"), r"win-back\.yaml:7: anchors and aliases"),
        (("variants:", "variants: ["), r"win-back\.yaml:\d+: not valid YAML"),
    ],
)
def test_mistakes_point_to_their_line(change: tuple[str, str], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        parse(GOOD.replace(*change), "win-back.yaml")


def test_an_empty_file_says_so() -> None:
    with pytest.raises(DefinitionError, match="the file is empty"):
        parse("", "win-back.yaml")


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, "send", ""),
        ({"variant": "holdout"}, "holdout", ""),
        ({"has_address": False}, "refused", "no_address"),
        ({"permit": permit(None, 1, "email_marketing", 1)}, "refused", "unknown_person"),
        ({"variant": "holdout", "refusal": "missing item"}, "refused", "missing item"),
    ],
)
def test_each_candidate_gets_a_verdict_with_its_reason(
    changes: dict[str, Any], verdict: str, reason: str
) -> None:
    decision = decide("win-back", 1, "1", candidate(**changes), 1)
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_no_consent_no_email() -> None:
    silent = permit(ConsentState(1), 1, "email_marketing", 1)
    decision = decide("win-back", 1, "1", candidate(permit=silent), 1)
    assert (decision.verdict, decision.reason, decision.receipt) == ("refused", "no_consent", 0)


def test_editing_a_campaign_never_writes_to_anybody_twice() -> None:
    first, second = (decide("win-back", v, "1", candidate(), 1) for v in (1, 2))
    assert first.id == second.id
    assert decision_id("win-back", 1, "1") != decision_id("win-back", 1, "2")


def test_a_decision_names_the_receipt_that_permits_it() -> None:
    assert decide("win-back", 1, "1", candidate(), 1).receipt == 5

"""No permit without a receipt, and no permit from anywhere else."""

from __future__ import annotations

from typing import get_args

import pytest

from tailorbird.privacy.permit import Permit, Refusal, permit
from tailorbird.schema import PURPOSES, ConsentState, Purpose

NOW = 1_000_000


def test_a_grant_gives_a_permit_that_names_its_receipt() -> None:
    answer = permit(ConsentState(1, granted={"training": 7}), 1, "training", NOW)
    assert isinstance(answer, Permit)
    assert (answer.person, answer.purpose, answer.receipt, answer.at) == (1, "training", 7, NOW)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, "unknown_person"),
        (ConsentState(2, granted={"email_marketing": 1}), "unknown_person"),
        (ConsentState(1), "no_consent"),
        (ConsentState(1, withdrawn={"email_marketing": 3}), "withdrawn"),
        (ConsentState(1, granted={"email_marketing": 1}, suppressed="complaint"), "complaint"),
    ],
)
def test_everything_else_is_refused_with_its_reason(
    state: ConsentState | None, reason: str
) -> None:
    answer = permit(state, 1, "email_marketing", NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == reason


def test_consent_to_one_purpose_permits_no_other() -> None:
    for granted in PURPOSES:
        state = ConsentState(1, granted={granted: 1})
        allowed = [p for p in PURPOSES if isinstance(permit(state, 1, p, NOW), Permit)]
        assert allowed == [granted]


def test_a_suppressed_address_does_not_bar_other_purposes() -> None:
    state = ConsentState(1, granted={"training": 1}, suppressed="hard_bounce")
    assert isinstance(permit(state, 1, "training", NOW), Permit)


def test_nobody_else_can_make_a_permit() -> None:
    with pytest.raises(TypeError, match=r"privacy\.permit"):
        Permit(object(), 1, "email_marketing", 1, NOW)


def test_every_purpose_is_listed() -> None:
    assert get_args(Purpose) == PURPOSES

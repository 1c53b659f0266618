"""No permit without a receipt, and no permit from anywhere else."""

from __future__ import annotations

from typing import get_args

import pytest

from tailorbird.privacy.permit import (
    ConfirmationPermit,
    Permit,
    Refusal,
    confirmation_permit,
    permit,
    permitting,
)
from tailorbird.schema import HOUR, PURPOSES, ConsentRequest, ConsentState, Purpose

NOW = 1_000_000


def test_a_grant_gives_a_permit_that_names_its_receipt() -> None:
    answer = permit(ConsentState(1, granted={"training": 7}), 1, "training", NOW)
    assert isinstance(answer, Permit)
    assert (answer.person, answer.purpose, answer.receipt, answer.at) == (1, "training", 7, NOW)


def test_of_many_those_are_named_who_permit_it_in_their_order() -> None:
    states = {
        1: ConsentState(1, granted={"training": 7}), 2: ConsentState(2),
        3: ConsentState(3, granted={"training": 9}),
    }  # fmt: skip
    assert permitting(states, [3, 4, 2, 1], "training", NOW) == [3, 1]


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


def test_a_request_gives_leave_to_ask_its_own_address_for_two_days() -> None:
    request = ConsentRequest(1, "ann@people.example", NOW, 5 << 20)
    given = confirmation_permit(request, "", NOW + 48 * HOUR - 1)
    assert isinstance(given, ConfirmationPermit)
    assert (given.address, given.until) == ("ann@people.example", NOW + 48 * HOUR)


@pytest.mark.parametrize(
    ("address", "suppressed", "at", "reason"),
    [
        ("ann@people.example", "", NOW + 48 * HOUR, "expired"),
        ("ann@people.example", "hard_bounce", NOW, "hard_bounce"),
        ("ann@people.example", "complaint", NOW, "complaint"),
        ("", "", NOW, "no_address"),
    ],
)
def test_no_other_request_is_asked_about(
    address: str, suppressed: str, at: int, reason: str
) -> None:
    answer = confirmation_permit(ConsentRequest(1, address, NOW, 5 << 20), suppressed, at)
    assert isinstance(answer, Refusal)
    assert answer.reason == reason


def test_who_unsubscribed_may_be_asked_whether_she_comes_back() -> None:
    request = ConsentRequest(1, "ann@people.example", NOW, 5 << 20)
    assert isinstance(confirmation_permit(request, "unsubscribed", NOW), ConfirmationPermit)


def test_nobody_else_can_make_the_leave_to_ask() -> None:
    request = ConsentRequest(1, "ann@people.example", NOW, 5 << 20)
    with pytest.raises(TypeError, match=r"privacy\.permit"):
        ConfirmationPermit(object(), request, NOW)


def test_every_purpose_is_listed() -> None:
    assert get_args(Purpose) == PURPOSES

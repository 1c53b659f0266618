"""A sender that is killed at random moments sends nothing twice and loses nothing.

`python -m tests.chaos.delivery_kills` is the long proof; benchmarks/results/delivery_kills.json is
what it found last.
"""

from __future__ import annotations

import pytest
from tests.chaos.delivery_kills import CONNECTIONS, trial


@pytest.mark.chaos
@pytest.mark.slow
def test_a_sender_killed_again_and_again_sends_each_mail_once() -> None:
    found = trial("journal", kills=100, messages=10_000, seed=1)
    assert found.kills >= 90
    assert (found.duplicates, found.lost, found.failed_unrefused) == (0, 0, 0)
    assert found.most_unknown_after_a_kill <= CONNECTIONS
    assert found.unknown <= found.kills * CONNECTIONS + found.lost_answers


@pytest.mark.chaos
@pytest.mark.slow
def test_two_workers_of_whom_one_is_killed_again_and_again_send_each_mail_once() -> None:
    found = trial("journal", kills=40, messages=4000, workers=2, seed=4)
    assert found.kills >= 20
    assert (found.duplicates, found.lost, found.failed_unrefused) == (0, 0, 0)
    assert found.most_unknown_after_a_kill <= CONNECTIONS
    assert found.unknown <= found.kills * CONNECTIONS + found.lost_answers


@pytest.mark.chaos
def test_marking_after_the_send_sends_twice_under_the_same_kills() -> None:
    found = trial("mark_after_send", kills=12, messages=1200)
    assert found.duplicates > 0


@pytest.mark.chaos
def test_a_checkpoint_integer_loses_mails_under_the_same_kills() -> None:
    found = trial("checkpoint", kills=12, messages=1200)
    assert found.lost > 0

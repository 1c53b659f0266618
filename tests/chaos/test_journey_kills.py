"""A worker that is killed at random moments makes no step twice and loses nobody.

`python -m tests.chaos.journey_kills` is the long proof; benchmarks/results/journey_kills.json is
what it found last.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.journey_kills import trial


@pytest.mark.chaos
@pytest.mark.slow
def test_a_worker_killed_again_and_again_makes_each_step_once(tmp_path: Path) -> None:
    found = trial(tmp_path / "data", kills=10, enrolments=800, rounds=3)
    assert found.enrolments == 800
    assert found.mails > 0
    assert found.traits > 0
    assert (found.unfinished, found.broken_paths) == (0, 0)
    assert (found.mails_amiss, found.traits_amiss) == (0, 0)

"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure: no test says how long something may take. In CI the examples are the
# same at every run, so that a red run means the change; elsewhere they are new each time.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets and public test suites."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the shared data sets must be present in CI")
        pytest.skip("the shared data sets (../shared/data) are not here")
    return SHARED_DATA

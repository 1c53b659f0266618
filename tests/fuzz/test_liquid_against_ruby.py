"""Our Liquid beside Ruby's on drawn templates; longer: see that module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = 2_000


def has_ruby_liquid() -> bool:
    """Return whether Ruby and its Liquid are installed."""
    ruby = shutil.which("ruby")
    return (
        bool(ruby) and not subprocess.run([str(ruby), "-rliquid", "-e", ""], check=False).returncode
    )


@pytest.mark.slow
def test_whatever_is_drawn_looks_the_same_in_ruby() -> None:
    if not has_ruby_liquid():
        pytest.skip("needs the Debian packages ruby and ruby-liquid")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.liquid_against_ruby", "--cases", str(CASES)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "equal" in done.stdout

"""What a fuzzer is said to have taken is what it took, however large its parent was."""

from __future__ import annotations

import subprocess
import sys

from tests.fuzz.conftest import unburdened

MEBIBYTE = 1 << 20
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"


def test_a_fuzzer_is_not_charged_for_the_memory_of_its_parent() -> None:
    large = bytearray(b"x") * (300 * MEBIBYTE)
    done = subprocess.run(
        unburdened(sys.executable, "-c", PEAK), capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < len(large) // MEBIBYTE


def test_what_the_fuzzer_says_at_its_end_is_heard() -> None:
    done = subprocess.run(unburdened(sys.executable, "-c", "raise SystemExit(77)"), check=False)
    assert done.returncode == 77

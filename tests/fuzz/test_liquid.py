"""The Liquid parser under a fuzzer that looks for new paths; longer: `tests/fuzz/liquid.py`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fuzz.conftest import Fuzz

RUNS = 4_000


@pytest.mark.shared
@pytest.mark.slow
def test_whatever_is_written_renders_or_is_refused(shared_data: Path, fuzz: Fuzz) -> None:
    golden = json.loads((shared_data / "templates" / "golden_liquid.json").read_text())["tests"]
    seeds = {
        str(number): bytes([number % 2 * 2]) + case["template"].encode("utf-8", "replace")
        for number, case in enumerate(golden)
    }
    for number in range(40):
        words = bytes((number * 37 + place * (number + 3)) % 256 for place in range(60))
        seeds[f"made-{number}"] = bytes([1 + number % 2 * 2]) + words
    fuzz("liquid.py", RUNS, seeds, "-max_len=2000")

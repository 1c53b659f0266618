"""The Liquid parser under a fuzzer that looks for new paths; longer: `tests/fuzz/liquid.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).with_name("liquid.py")
RUNS = 4_000


@pytest.mark.shared
@pytest.mark.slow
def test_whatever_is_written_renders_or_is_refused(shared_data: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    golden = json.loads((shared_data / "templates" / "golden_liquid.json").read_text())["tests"]
    for number, case in enumerate(golden):
        written = case["template"].encode("utf-8", "replace")
        (corpus / str(number)).write_bytes(bytes([number % 2 * 2]) + written)
    for number in range(40):
        words = bytes((number * 37 + place * (number + 3)) % 256 for place in range(60))
        (corpus / f"made-{number}").write_bytes(bytes([1 + number % 2 * 2]) + words)
    options = [f"-runs={RUNS}", "-seed=7", "-max_len=2000", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, FUZZER, corpus, *options],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr

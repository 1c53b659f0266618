"""The decoder under a fuzzer that looks for new paths; longer: `python tests/fuzz/decoder.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).with_name("decoder.py")
RUNS = 10_000
SOURCES = 8
POISON = (
    b'{"batch":[{"type":"track","event":"A","userId":"1","properties":{"price":1e400}}]}',
    b'{"type":"identify","userId":"\\ud800","traits":{"email":"a@b.co","x":NaN}}',
    b'[{"type":"page","anonymousId":"a","context":{"page":{"url":"https://a.b/?utm_source=c"}}}]',
    b'{"type":"track","event":"Order Completed","userId":"1","properties":{"order_id":"1",'
    b'"products":[{"product_id":"p","price":"1,50","quantity":18446744073709551616}]}}',
    b'{"type":"alias","previousId":"a","userId":"b","timestamp":"2026-02-30T00:00:00Z"}',
    b'{"type":"held","anonymousId":"a"}',
)


@pytest.mark.shared
@pytest.mark.slow
def test_whatever_comes_is_an_event_or_refused(shared_data: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    payloads = (shared_data / "protocol" / "segment_payloads.jsonl").read_bytes().splitlines()
    for number, body in enumerate([*payloads, *POISON]):
        (corpus / str(number)).write_bytes(bytes([number % SOURCES, 0]) + body)
    for number in range(SOURCES):
        (corpus / f"made-{number}").write_bytes(bytes([number, 1]) + bytes(range(200)))
    options = [f"-runs={RUNS}", "-seed=7", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, FUZZER, corpus, *options],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr

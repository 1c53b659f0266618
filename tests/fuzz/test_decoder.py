"""The decoder under a fuzzer that looks for new paths; longer: `python tests/fuzz/decoder.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fuzz.conftest import Fuzz

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
def test_whatever_comes_is_an_event_or_refused(shared_data: Path, fuzz: Fuzz) -> None:
    payloads = (shared_data / "protocol" / "segment_payloads.jsonl").read_bytes().splitlines()
    seeds = {
        str(number): bytes([number % SOURCES, 0]) + body
        for number, body in enumerate([*payloads, *POISON])
    }
    for number in range(SOURCES):
        seeds[f"made-{number}"] = bytes([number, 1]) + bytes(range(200))
    fuzz("decoder.py", RUNS, seeds)

"""The message maker under a fuzzer; longer: `python tests/fuzz/message.py`."""

from __future__ import annotations

import pytest
from tests.fuzz.conftest import Fuzz

RUNS = 5_000
SEEDS = (
    b"\r\nBcc: eve@evil.example",
    b"=?utf-8?q?=0D=0ABcc:_eve?=",
    b'Ann" <eve@evil.example>, "',
    "\u2028Bcc: e@x \u202e".encode(),
    b"--=_00000000000000000000000000000000--",
    b"\r\n.\r\nMAIL FROM:<eve@evil.example>",
)


@pytest.mark.slow
def test_no_text_leads_a_reader_astray(fuzz: Fuzz) -> None:
    seeds = {str(number): bytes([2, 40]) + seed * 8 for number, seed in enumerate(SEEDS)}
    fuzz("message.py", RUNS, seeds)

"""Line ends are judged right, however they stand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.lines import (
    CONTROLS,
    LONGEST_LINE,
    fit,
    lines_of,
    starts,
    white_at_ends,
    without_controls,
)

pieces = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\0", b"\t", b"\x7f"]))


@given(pieces.map(b"".join))
def test_lines_are_what_a_pattern_finds_in_them(content: bytes) -> None:
    found = lines_of(content)
    assert found.sound == (not re.search(rb"(?<!\r)\n|\r(?!\n)", content))
    assert found.dotted == bool(re.search(rb"(?:\n|\A)\.", content))


@pytest.mark.parametrize("length", [0, 1, 997, 998, 999, 1996, 1997, 5000])
def test_a_line_fits_up_to_its_limit(length: int) -> None:
    for before in (b"", b"a\n", b"x" * 998 + b"\n"):
        for after in (b"\n", b"\nb\n"):
            assert fit(before + b"x" * length + after) == (length <= LONGEST_LINE)


@given(pieces.map(b"".join), st.booleans())
def test_controls_leave_short_and_long_texts(content: bytes, long: bool) -> None:
    content = content + b"\tplain\n" * (1000 if long else 1)
    assert without_controls(content) == content.translate(None, CONTROLS)


@given(st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\0"])).map(b"".join))
def test_white_space_is_seen_at_every_end(content: bytes) -> None:
    assert white_at_ends(content) == bool(re.search(rb"[ \t](?:\r\n|\Z)", content))


@given(st.lists(st.sampled_from([b"<", b"s", b"x", b"&"])).map(b"".join))
def test_pairs_are_found_where_they_stand(content: bytes) -> None:
    assert starts(content, b"<", b"sx") == [m.start() for m in re.finditer(rb"<(?=[sx])", content)]
    found = [m.start() for m in re.finditer(rb"<(?=[sx]&)", content)]
    assert starts(content, b"<", b"xs", b"&") == found

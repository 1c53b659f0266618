"""Line ends are judged right, however they stand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.lines import (
    CONTROLS,
    free_of_controls,
    lines_of,
    starts,
    surveyed,
    white_at_ends,
)

pieces = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\0", b"\t", b"\x7f"]))


@given(pieces.map(b"".join))
def test_lines_are_what_a_pattern_finds_in_them(content: bytes) -> None:
    found = lines_of(content)
    assert found.sound == (not re.search(rb"(?<!\r)\n|\r(?!\n)", content))
    assert list(found.dots) == [m.start() for m in re.finditer(rb"(?<=\n)\.|\A\.", content)]


@given(st.lists(st.sampled_from([b"\n", b".", b"a", b" ", b"\t", b"abc"])).map(b"".join))
def test_a_survey_sees_what_patterns_find(content: bytes) -> None:
    content += b"\n"
    found = surveyed(content)
    assert found.longest == max(map(len, content[:-1].split(b"\n")))
    assert found.white == bool(re.search(rb"[ \t]\n", content))
    crlf = content.replace(b"\n", b"\r\n")
    assert found.dots == lines_of(crlf).dots


@pytest.mark.parametrize("octet", range(256))
def test_every_control_character_is_seen(octet: int) -> None:
    for before in (b"", b"plain\t\n" * 300):
        text = before + bytes([octet]) + b"\n"
        assert free_of_controls(text) == (octet not in CONTROLS + b"\r")


@given(st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\0"])).map(b"".join))
def test_white_space_is_seen_at_every_end(content: bytes) -> None:
    assert white_at_ends(content) == bool(re.search(rb"[ \t](?:\r\n|\Z)", content))


@given(st.lists(st.sampled_from([b"<", b"s", b"x", b"&"])).map(b"".join))
def test_pairs_are_found_where_they_stand(content: bytes) -> None:
    assert starts(content, b"<", b"sx") == [m.start() for m in re.finditer(rb"<(?=[sx])", content)]
    found = [m.start() for m in re.finditer(rb"<(?=[sx]&)", content)]
    assert starts(content, b"<", b"xs", b"&") == found

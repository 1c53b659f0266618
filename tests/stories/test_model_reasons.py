"""Scores say in words what moves them, and are scored again as of the version that serves."""

from __future__ import annotations

import re

import msgspec
import pytest

from tailorbird import freshening, learning, serving
from tailorbird.app import Tailorbird
from tailorbird.schema import DAY

MODEL = "repeat_purchase"


def test_a_rebuild_scores_as_of_when_the_version_that_serves_was_trained(tb: Tailorbird) -> None:
    """The latest version lost, or somebody rolled back: then its instant is another one."""
    first = learning.serving_card(tb.world, MODEL)
    assert first is not None
    _, files, _ = serving.trained(tb.world, MODEL)
    later = msgspec.structs.replace(first, trained_at=first.trained_at + 3 * DAY)
    learning.keep(tb.world, MODEL, files, later)
    serving.turn(tb.world, MODEL, first.version, "kept", "the latest lost", tb.clock())
    learning.rescore(tb.world)
    found = tb.world.facts.read('SELECT DISTINCT "at" FROM scores WHERE model = ?', (MODEL,))
    assert found["at"].to_pylist() == [first.trained_at]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("value", r": (raises|lowers) it by [\d,]+\.\d\d [A-Z]{3}$|: hardly moves it$"),
        ("next_order", r"^\d+ days? since the last order, and "),
        ("send_hour", r"everybody's best hour|own opens and clicks"),
        (MODEL, r": (raises|lowers) it by [\d.]+ points$|: hardly moves it$"),
    ],
)
def test_every_score_says_in_words_what_moves_it(tb: Tailorbird, name: str, says: str) -> None:
    tb.learn([name])
    rows = tb.world.facts.read("SELECT MIN(person) AS p FROM scores WHERE model = ?", (name,))
    person = rows["p"][0].as_py()
    told = freshening.reasons(tb.world, name, person, tb.clock())
    assert told
    assert all(re.search(says, each) for each in told), told
    assert not [each for each in told if "_" in each or "(" in each.split(" of late (")[0]]
    found = learning.scored(tb.world, name, [person], tb.clock())
    assert found["top_reason"].to_pylist() == [told[0]]

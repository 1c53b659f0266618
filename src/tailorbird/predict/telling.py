"""Effects in words: which traits move a score, as a marketer reads them, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tailorbird import money
from tailorbird.predict.effects import Effects, Floats, Link, in_units
from tailorbird.traits.registry import words as trait_words

if TYPE_CHECKING:
    import pyarrow as pa

ALIKE: Final = "everybody has the same score: no trait moves it"
"""What is said where the score is one rate, or one average, for all."""


@dataclass(frozen=True, slots=True)
class Told:
    """The largest effects of each row, the largest first: all arrays have a row each.

    `rows` are the places in the features, `effect` is in the score's unit.
    """

    rows: npt.NDArray[np.intp]
    names: list[str]
    effect: Floats
    words: list[str]


def told(
    effects: Effects,
    said: Floats,
    features: pa.Table,
    *,
    most: int,
    currency: str = "",
    scale: Floats | None = None,
) -> Told:
    """Return the `most` largest effects of each row in words; one that says so where none moves it.

    `said` are the scores of the rows. `scale` stretches effects as the scores were stretched.
    Values are minor units of the currency.
    """
    people = features.num_rows
    if not effects.names:
        return Told(np.arange(people), [""] * people, np.zeros(people), [ALIKE] * people)
    moved = in_units(said, effects.shift, effects.link)
    moved = moved if scale is None else moved * scale[:, None]
    kept = min(most, len(effects.names))
    top = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(people), kept)
    names = [effects.names[at] for at in top.ravel().tolist()]
    effect = np.take_along_axis(moved, top, axis=1).ravel()
    phrases = _phrases(features, effects, set(names), currency)
    words = [
        f"{phrases[name][row]}: {moves(by, effects.link, currency)}"
        for name, row, by in zip(names, rows.tolist(), effect.tolist(), strict=True)
    ]
    return Told(rows, names, effect, words)


def moves(effect: float, link: Link, currency: str = "") -> str:
    """Return which way an effect goes and how far: of a probability in points, of a value in money.

    >>> moves(0.042, "logit"), moves(-1250.0, "identity", "EUR")
    ('raises it by 4.2 points', 'lowers it by 12.50 EUR')
    """
    if link == "logit":
        size = f"{abs(effect) * 100:.1f} points"
        small = abs(effect) < 0.0005
    else:
        size, small = money.said(abs(effect), currency), abs(effect) < 0.5
    if small:
        return "hardly moves it"
    return f"{'raises' if effect >= 0 else 'lowers'} it by {size}"


def _phrases(
    features: pa.Table, effects: Effects, names: set[str], currency: str
) -> dict[str, list[str]]:
    """Return of each name what its traits say of each row; equal values are worded once."""
    found = {}
    for name in names:
        columns = [_worded(features, each, currency) for each in effects.traits(name)]
        found[name] = [" and ".join(cells) for cells in zip(*columns, strict=True)]
    return found


def _worded(features: pa.Table, name: str, currency: str) -> list[str]:
    coded = features[name].combine_chunks().dictionary_encode()
    known = [trait_words(name, each, currency) for each in coded.dictionary.to_pylist()]
    lacking = trait_words(name, None)
    return [lacking if at is None else known[at] for at in coded.indices.to_pylist()]

"""Share of pairs of headlines whose winner is named, tests cross-validated as wholes.

Every pair of headlines of one test of the Upworthy Research Archive (Matias et al. 2021) is asked
about by a model that has not seen the test; beside it the rules "the longer" and words alone by
TF-IDF, and what one who knew the true rates would reach. Several draws of folds are averaged: one
draw's figure varies by half a point. `--quick` draws thrice, and once for what stands beside it.

`--marks FILE` writes instead what comes with Tailorbird: the weights of marks alone, no word.
The last line printed is one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tailorbird.predict import headline_training as training
from tailorbird.predict.headline_tests import SURE, Pairs, folds, pairs
from tailorbird.predict.headlines import FILE
from tailorbird.predict.wording import MARKS

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "email"
COLUMNS: Final = {
    "clickability_test_id": "test",
    "headline": "subject",
    "impressions": "people",
    "clicks": "wins",
}
GOAL_ALL, GOAL_SURE = 0.595, 0.70
SOURCE: Final = "news headlines of the Upworthy Research Archive (Matias et al. 2021, osf.io/jd64p)"


def tests() -> pa.Table:
    """Return the archive's tests."""
    table = pq.read_table(DATA / "upworthy_headline_tests.parquet", columns=list(COLUMNS))
    return table.rename_columns(list(COLUMNS.values()))


def words_alone(texts: training.Texts) -> training.Texts:
    """Return what a plain TF-IDF of words sees."""
    import dataclasses

    single = [at for at, name in enumerate(texts.phrase_names) if " " not in name]
    return dataclasses.replace(
        texts,
        marks=np.zeros_like(texts.marks),
        phrases=texts.phrases[:, single],
        phrase_names=[texts.phrase_names[at] for at in single],
        pieces=texts.pieces[:, :0],
        piece_names=[],
    )


def right(texts: training.Texts, found: Pairs, seed: int, *, shared: bool) -> tuple[float, float]:
    """Return the share of all pairs named, and of those that their tests told apart."""
    rng = np.random.default_rng(seed)
    fold = folds(found, training.FOLDS, rng, share_subjects=shared)
    named = training.named(training.unseen(texts, found, fold, rng), found)
    return float(named.mean()), float(named[np.abs(found.z) > SURE].mean())


def mean(figures: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the means of both figures."""
    return tuple(np.mean(figures, axis=0).tolist())


def main() -> None:
    table = tests()
    if "--marks" in sys.argv:
        path = Path(sys.argv[sys.argv.index("--marks") + 1])
        model = training.marks_alone(table, learnt_from=SOURCE)
        path.write_bytes(msgspec.json.format(model.files()[FILE], indent=1) + b"\n")
        return
    seeds = range(3 if "--quick" in sys.argv else 5)
    beside = seeds[: 1 if "--quick" in sys.argv else 5]
    found = pairs(table)
    texts = training.texts_of(found.subjects, ())
    ours = mean([right(texts, found, seed, shared=True) for seed in seeds])
    strict = mean([right(texts, found, seed, shared=False) for seed in beside])
    plain = mean([right(words_alone(texts), found, seed, shared=True) for seed in beside])
    length = texts.marks[:, list(MARKS).index("its length")]
    longer = training.named(length[found.first] - length[found.second], found)
    ceiling = found.ceiling()
    sure = np.abs(found.z) > SURE
    rule = float(longer.mean()), float(longer[sure].mean())
    peers = {"length": rule[0], "words by TF-IDF": plain[0]}
    print(f"{found.tests:,} tests, {len(found.z):,} pairs, {int(sure.sum()):,} with |z| > {SURE}")
    print(f"{'':34} all    |z| > {SURE}")
    for name, (every, told) in {
        "length": rule,
        "words by TF-IDF": plain,
        "Tailorbird": ours,
        "Tailorbird, no subject seen twice": strict,
        "who knew the true rates": (float(ceiling.mean()), float(ceiling[sure].mean())),
    }.items():
        print(f"{name:34} {every:.3f}  {told:.3f}")
    line = {
        "claim": "winners of headline tests named, cross-validated by test",
        "ours": round(ours[0], 4), "ours_sure": round(ours[1], 4),
        "peers": {name: round(value, 4) for name, value in peers.items()},
        "limit": round(float(ceiling.mean()), 4), "ratio": round(ours[0] / peers["length"], 3),
        "goal": {"all": GOAL_ALL, "sure": GOAL_SURE},
        "holds": ours[0] >= GOAL_ALL and ours[1] >= GOAL_SURE,
    }  # fmt: skip
    print(json.dumps(line))


if __name__ == "__main__":
    main()

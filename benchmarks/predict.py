"""CPU seconds to train on and to score a million people, beside the same work written by hand.

One table of people for all, as Arrow, traits with gaps and a text among them. By hand: the columns
become the library's own matrix and the same settings are given to LightGBM, and quantile bins with
logistic regression to scikit-learn; what ours costs above that is the overhead of reading tables,
keeping models as files and treating bad input. Then what a stack costs beside a blend. The last
line printed is one JSON object, also kept in benchmarks/results/predict.json.

    python benchmarks/predict.py [--quick]
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tailorbird.predict import stored
from tailorbird.predict.blend import Blend, Stack
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.linear import Logistic
from tailorbird.predict.windows import MOST_ROWS

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
RESULTS = Path(__file__).parent / "results" / "predict.json"
GOAL_RATIO = 1.3
GOAL_SCORE_SECONDS = 60.0
TREES = Boosted(150, 15, 40)
COUNTRIES = ("GB", "FR", "DE", "ES", "IT", "NL", "PL", "SE")
Floats = npt.NDArray[np.float64]


def people(rows: int, seed: int = 1) -> tuple[pa.Table, Floats]:
    """Return traits of people, a tenth of them with gaps, and who bought."""
    rng = np.random.default_rng(seed)
    recency, orders = rng.exponential(40, rows), rng.geometric(0.3, rows).astype(np.float64)
    country = rng.integers(0, len(COUNTRIES), rows)
    noise = {f"trait_{n}": rng.lognormal(0, 1, rows) for n in range(9)}
    logit = -1.5 - recency / 40 + 0.4 * orders + 0.5 * np.log(noise["trait_0"]) + (country == 0)
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    words = pa.DictionaryArray.from_arrays(pa.array(country, pa.int32()), pa.array(COUNTRIES))
    table = pa.table(
        {
            "person": np.arange(rows),
            "recency_days": pa.array(recency, mask=rng.random(rows) < 0.1),
            "orders": orders,
            "country": words.cast(pa.string()),
            **noise,
        }
    )
    return table, outcome


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds and what the work returned."""
    before = time.process_time()
    made = work()
    return time.process_time() - before, made


def ours(algorithm: Any, table: pa.Table, outcome: Floats, everybody: pa.Table) -> dict[str, Any]:
    """Train, keep, read back and score everybody, as a night does."""
    rng = np.random.default_rng(1)
    train, fitted = cpu(lambda: algorithm.fit(table, outcome, task="classification", rng=rng))
    files = stored.served(fitted, horizon_days=30, now=0, task="classification").files()
    model = stored.load(files)
    score, said = cpu(lambda: model.score(everybody, reasons=False)["probability"].to_numpy())
    return {"train": train, "score": score, "said": said, "bytes": sum(map(len, files.values()))}


def matrix(table: pa.Table) -> Floats:
    """Return the table as a matrix, as one writes it for one model."""
    columns = []
    for name in table.column_names[1:]:
        column = table[name]
        if pa.types.is_string(column.type):
            column = pc.index_in(column, pa.array(COUNTRIES))
        columns.append(column.cast(pa.float64()).to_numpy())
    return np.column_stack(columns)


def lightgbm_by_hand(table: pa.Table, outcome: Floats, everybody: pa.Table) -> dict[str, Any]:
    """Do the same with LightGBM alone."""
    import lightgbm

    settings = {
        "objective": "binary",
        "learning_rate": TREES.rate,
        "num_leaves": TREES.leaves,
        "min_data_in_leaf": TREES.least_in_leaf,
        "lambda_l2": 5.0,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }

    def trained() -> Any:
        rows = lightgbm.Dataset(
            matrix(table),
            outcome,
            categorical_feature=[table.column_names.index("country") - 1],
            params={"verbosity": -1, "num_threads": 1},
        )
        return lightgbm.train(settings, rows, num_boost_round=TREES.rounds)

    train, booster = cpu(trained)
    score, said = cpu(lambda: booster.predict(matrix(everybody), num_threads=1))
    return {"train": train, "score": score, "said": said}


def logistic_by_hand(table: pa.Table, outcome: Floats, everybody: pa.Table) -> dict[str, Any]:
    """Do what our logistic does with scikit-learn: quantile bins, then logistic regression."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer

    warnings.simplefilter("ignore", UserWarning)  # orders are few numbers: bins fall together
    model = make_pipeline(
        SimpleImputer(),
        KBinsDiscretizer(12, quantile_method="averaged_inverted_cdf"),
        LogisticRegression(C=1 / 30, max_iter=200),
    )
    train, _ = cpu(lambda: model.fit(matrix(table), outcome))
    score, said = cpu(lambda: model.predict_proba(matrix(everybody))[:, 1])
    return {"train": train, "score": score, "said": said}


def main() -> None:
    if not ONE_THREAD.items() <= os.environ.items():
        # What is not set before the libraries are loaded is not heard.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    quick = "--quick" in sys.argv[1:]
    learn, all_people = (60_000, 200_000) if quick else (1_000_000, 1_000_000)
    missing = [each for each in ("lightgbm", "sklearn") if importlib.util.find_spec(each) is None]
    table, outcome = people(learn)
    for algorithm in (Boosted(1), Logistic()):  # so that no one pays for what is loaded once
        ours(algorithm, table.slice(0, 500), outcome[:500], table.slice(0, 500))
    everybody, came = people(all_people, seed=2)
    given = (table, outcome, everybody)
    print(f"{learn:,} people learnt from, {all_people:,} scored", flush=True)
    result: dict[str, Any] = {
        "claim": "training and scoring cost hardly more than the same work written by hand",
        "unit": "CPU seconds a million people, one thread",
        "goal": f"at most {GOAL_RATIO} times LightGBM by hand; a million scored in under a minute",
        "missing": missing,
        "holds": False,
    }
    if not missing:
        result |= judged(given, came, learn, all_people)
    if not quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


def judged(
    given: tuple[pa.Table, Floats, pa.Table], came: Floats, learn: int, scored: int
) -> dict[str, Any]:
    """Return the figures of all, and whether the goal holds."""
    mine, by_hand = ours(TREES, *given), lightgbm_by_hand(*given)
    ratio = (mine["train"] + mine["score"]) / (by_hand["train"] + by_hand["score"])
    few = min(learn, MOST_ROWS)  # more are never learnt from at a time
    some = (given[0].slice(0, few), given[1][:few], given[2])
    shown = {
        "lightgbm": shown_of(mine, came, learn, scored),
        "logistic": shown_of(ours(Logistic(), *some), came, few, scored),
    }
    peers = [
        {"name": "LightGBM by hand", **shown_of(by_hand, came, learn, scored)},
        {
            "name": "scikit-learn: bins and logistic",
            **shown_of(logistic_by_hand(*some), came, few, scored),
        },
    ]
    return {
        "ours": shown,
        "peers": peers,
        "limit": None,
        "stack": stacked(*given[:2], came, given[2]),
        "ratio": round(ratio, 2),
        "holds": ratio <= GOAL_RATIO and shown["lightgbm"]["score"] < GOAL_SCORE_SECONDS,
    }


def stacked(table: pa.Table, outcome: Floats, came: Floats, everybody: pa.Table) -> dict[str, Any]:
    """Return what a stack costs and gains beside a blend of the same members."""
    rows = min(table.num_rows, 200_000)
    some, known = table.slice(0, rows), outcome[:rows]
    members = (Logistic(), Boosted(60, 7, 40))
    found = [ours(each(members), some, known, everybody) for each in (Blend, Stack)]
    return {
        "times_as_dear": round(found[1]["train"] / found[0]["train"], 1),
        "auc_blend": auc(found[0]["said"], came),
        "auc_stack": auc(found[1]["said"], came),
    }


def shown_of(found: dict[str, Any], came: Floats, learn: int, scored: int) -> dict[str, Any]:
    """Return one contestant's figures for a million people."""
    shown = {
        "train": round(found["train"] * 1e6 / learn, 2),
        "score": round(found["score"] * 1e6 / scored, 2),
        "auc": auc(found["said"], came),
    }
    return shown | ({"bytes": found["bytes"]} if "bytes" in found else {})


def auc(said: Floats, came: Floats) -> float:
    """Return the area under the curve of who came."""
    from tailorbird.predict import measures

    return round(measures.ranked(said, came).auc(np.ones(len(came))), 4)


if __name__ == "__main__":
    main()

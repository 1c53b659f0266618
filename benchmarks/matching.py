"""Precision and recall of finding one person's records, beside Splink by its own tutorials.

Both see the same records and never a label. Pairs are judged by the true people: at our threshold
for merging, at the threshold of Splink's tutorials, and by the recall at precision 0.99, for which
either may choose the best threshold with the labels in hand. `merged` is judged on the groups that
come out: ours after twins and households are held back, Splink's as its tutorial makes clusters.
The model was shaped on febrl_dataset1, fake_1000 and a quarter of historical_figures; the rest
judges. messy_sites holds places, not people; no tutorial treats it.
The last line printed is one JSON object, also kept in benchmarks/results/matching.json.

    python benchmarks/matching.py [--quick]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailorbird.profiles import matching
from tailorbird.profiles.matching_fields import Kind

RESULTS = Path(__file__).parent / "results" / "matching.json"
IDENTITY = Path(__file__).resolve().parents[2] / "shared" / "data" / "identity"
PRECISION = 0.99
TUTORIAL_THRESHOLD = 0.95
FEBRL: dict[str, Kind] = {
    "given_name": "first_name", "surname": "last_name", "date_of_birth": "birth_date",
    "street": "address", "address_2": "address", "suburb": "city", "postcode": "postcode",
    "state": "other", "soc_sec_id": "identifier",
}  # fmt: skip
FIELDS: dict[str, dict[str, Kind]] = {
    "fake_1000": {
        "first_name": "first_name", "surname": "last_name", "dob": "birth_date", "city": "city",
        "email": "email",
    },
    "febrl_dataset1": FEBRL,
    "febrl_dataset3": FEBRL,
    "historical_figures": {
        "first_name": "first_name", "surname": "last_name", "dob": "birth_date",
        "birth_place": "city", "postcode_fake": "postcode", "occupation": "other",
        "gender": "other",
    },
    "messy_sites": {
        "Site name": "name", "Address": "address", "Zip": "postcode", "Phone": "phone",
    },
}  # fmt: skip
PEOPLE = ("fake_1000", "febrl_dataset1", "febrl_dataset3", "historical_figures")


def records(name: str, folder: Path = IDENTITY) -> pa.Table:
    """Return a data set with `unique_id` from 0 upwards and the true person in `cluster`."""
    connection = duckdb.connect()
    path = next(folder.glob(f"{name}.*"))
    reader = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar=true)"
    given = connection.execute(f"FROM {reader}", [str(path)]).to_arrow_table()
    given = given.rename_columns([column.strip() for column in given.column_names])
    connection.register("given", given)
    columns = "* REPLACE (row_number() OVER () - 1 AS unique_id)"
    if name.startswith("febrl"):
        kept = ", ".join(f"nullif(trim({n}), '') AS {n}" for n in given.column_names[1:])
        columns = (
            f"{kept}, row_number() OVER () - 1 AS unique_id, split_part(rec_id, '-', 2) AS cluster,"
            "nullif(concat_ws(' ', trim(street_number), trim(address_1)), '') AS street"
        )
    elif name == "messy_sites":
        columns = '*, row_number() OVER () - 1 AS unique_id, "True Id" AS cluster'
    return connection.execute(f"SELECT {columns} FROM given").to_arrow_table()


def people(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return the number of each record's true person."""
    return np.unique(np.array(table["cluster"].to_pylist()), return_inverse=True)[1].ravel()


def judged(
    true: npt.NDArray[np.int64],
    one: npt.NDArray[np.int64],
    two: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    threshold: float,
) -> dict[str, float]:
    """Return precision, recall and F1 of the pairs of a probability, and recall at 0.99."""
    order = np.argsort(-weight, kind="stable")
    scored, right = np.round(weight[order], 6), (true[one] == true[two])[order]
    found = np.cumsum(right)
    precision, recall = found / np.arange(1, len(right) + 1), found / _pairs(true)
    ends = np.append(scored[1:] != scored[:-1], True)
    good = np.flatnonzero(ends & (precision >= PRECISION))
    taken = int((scored >= np.log2(threshold / (1 - threshold))).sum())
    at = (float(precision[taken - 1]), float(recall[taken - 1])) if taken else (1.0, 0.0)
    return {
        "precision": round(at[0], 4),
        "recall": round(at[1], 4),
        "f1": round(2 * at[0] * at[1] / max(sum(at), 1e-12), 4),
        "recall_at_precision_0.99": round(float(recall[good[-1]]), 4) if len(good) else 0.0,
    }


def grouped(true: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return precision and recall of the pairs that stand in one group."""
    both = np.unique(np.stack([true, groups]), axis=1, return_inverse=True)[1].ravel()
    right, made = _pairs(both), _pairs(groups)
    return {"precision": round(right / max(made, 1), 4), "recall": round(right / _pairs(true), 4)}


def _pairs(numbers: npt.NDArray[np.int64]) -> int:
    counts = np.unique(numbers, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def ours(name: str, table: pa.Table) -> dict[str, Any]:
    """Return how our default model does."""
    cpu = time.process_time()
    found = matching.find(table, FIELDS[name])
    groups, _ = matching.sure_groups(found, table.num_rows)
    cpu = time.process_time() - cpu
    true = people(table)
    row = judged(true, found.one, found.two, found.weight, matching.SURE)
    return row | {"merged": grouped(true, groups), "cpu_seconds": round(cpu, 1)}


def splink(name: str, table: pa.Table) -> dict[str, Any]:
    """Return how Splink does by the model of its documentation for this data set."""
    from splink import DuckDBAPI, Linker

    cpu = time.process_time()
    if name == "historical_figures":
        full = "*, first_name || ' ' || surname AS first_name_surname_concat"
        table = duckdb.from_arrow(table).select(full).to_arrow_table()
    model = TUTORIALS[name]()
    linker = Linker(DuckDBAPI().register(table), model["settings"], log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match(model["sure"], recall=model["recall"])
    train.estimate_u_using_random_sampling(max_pairs=model["pairs"], seed=5)
    for rule in model["training"]:
        train.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=model["fast"]
        )
    predicted = linker.inference.predict()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=TUTORIAL_THRESHOLD
    )
    columns = "unique_id_l AS l, unique_id_r AS r, match_weight AS w"
    found = predicted.as_duckdbpyrelation().select(columns).fetchnumpy()
    groups = clusters.as_duckdbpyrelation().select("cluster_id, unique_id").order("unique_id")
    made = np.asarray(groups.fetchnumpy()["cluster_id"], dtype=np.int64)
    cpu = time.process_time() - cpu
    true = people(table)
    row = judged(true, found["l"], found["r"], found["w"], TUTORIAL_THRESHOLD)
    return row | {"merged": grouped(true, made), "cpu_seconds": round(cpu, 1)}


def _fake() -> dict[str, Any]:
    """Return the model of Splink's example of an accuracy analysis, the best of its three."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(field) for field in ("first_name", "surname", "dob", "email")
        ],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
    )
    near = "levenshtein(r.dob, l.dob) <= 1"
    sure = [
        f"l.first_name = r.first_name AND {near}",
        f"l.surname = r.surname AND {near}",
        "l.first_name = r.first_name AND levenshtein(r.surname, l.surname) <= 2",
        "l.email = r.email",
    ]
    training = [block_on("dob"), block_on("email"), block_on("first_name", "surname")]
    return {
        "settings": settings, "sure": sure, "recall": 0.7, "pairs": 1e6, "training": training,
        "fast": True,
    }  # fmt: skip


def _febrl() -> dict[str, Any]:
    """Return the model of Splink's example for febrl3."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    blocks = ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(field) for field in blocks],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d"
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )
    swapped = "l.given_name = r.surname AND l.surname = r.given_name"
    sure = [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
        f"{swapped} AND l.date_of_birth = r.date_of_birth",
    ]
    training = [block_on("date_of_birth"), block_on("postcode")]
    return {
        "settings": settings, "sure": sure, "recall": 0.9, "pairs": 1e6, "training": training,
        "fast": False,
    }  # fmt: skip


def _historical() -> dict[str, Any]:
    """Return the model of Splink's example for 50,000 records of historical people."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    area = "substr(postcode_fake, 1, 3)"
    blocks = [
        ("substr(first_name, 1, 3)", "substr(surname, 1, 4)"),
        ("surname", "dob"), ("first_name", "dob"), ("postcode_fake", "first_name"),
        ("postcode_fake", "surname"), ("dob", "birth_place"), (area, "dob"),
        (area, "first_name"), (area, "surname"),
        ("substr(first_name, 1, 2)", "substr(surname, 1, 2)", "substr(dob, 1, 4)"),
    ]  # fmt: skip
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(*block) for block in blocks],
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name",
                "surname",
                forename_surname_concat_col_name="first_name_surname_concat",
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    )
    sure = [
        block_on("first_name", "surname", "dob"),
        block_on("substr(first_name, 1, 2)", "surname", "substr(postcode_fake, 1, 2)"),
        block_on("dob", "postcode_fake"),
    ]
    training = [block_on("first_name", "surname"), block_on("dob")]
    return {
        "settings": settings, "sure": sure, "recall": 0.6, "pairs": 1e7, "training": training,
        "fast": True,
    }  # fmt: skip


TUTORIALS = {
    "fake_1000": _fake,
    "febrl_dataset1": _febrl,
    "febrl_dataset3": _febrl,
    "historical_figures": _historical,
}


def main() -> None:
    if not IDENTITY.is_dir():
        print(json.dumps({"claim": "identity data sets are not here", "holds": False}))
        return
    quick = "--quick" in sys.argv
    sets = [name for name in FIELDS if not (quick and name == "historical_figures")]
    own: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for name in sets:
        table = records(name)
        own[name] = ours(name, table)
        print(f"{name:20} ours   {json.dumps(own[name])}", flush=True)
        if name in TUTORIALS:
            peers[name] = splink(name, table)
            print(f"{name:20} splink {json.dumps(peers[name])}", flush=True)
    key = "recall_at_precision_0.99"
    ratio = min(own[name][key] / peers[name][key] for name in peers)
    careful = all(own[name]["merged"]["precision"] >= PRECISION for name in peers)
    result = {
        "claim": "records of one person: recall at precision 0.99, and precision of what is merged",
        "ours": own,
        "peers": {"splink by its tutorials": peers},
        "limit": dict.fromkeys(sets, 1.0),
        "ratio": round(ratio, 3),
        "goal": 1.0,
        "holds": ratio >= 1.0 and careful,
    }
    if not quick:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Polars and chdb (ClickHouse) beside us: the same eight answers over the same rows in Parquet.

Neither is needed to run the benchmark: who is not installed is not measured.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from tailorbird.schema import DAY
from tailorbird.stores.duckdb.facts import DuckFacts

Peer: TypeAlias = Callable[[DuckFacts, int], dict[str, Any]]
COLUMNS = 'position, person, event, "at", order_id, category, value_minor, campaign, machine'
SETTINGS = "join_use_nulls = 1, joined_subquery_requires_alias = 0"
WEIGHTS = (
    "SELECT i AS age, round(1000000 * power(0.5, i / 30.0))::BIGINT AS weight "
    "FROM range(629) AS r(i)"
)


def exported(facts: DuckFacts, folder: str) -> tuple[str, str, str]:
    """Write the rows as Parquet; return the files of facts, of lines, of weights."""
    files = tuple(f"{folder}/{name}.parquet" for name in ("facts", "lines", "weights"))
    lines = 'SELECT person, event, "at", category FROM lines'
    for query, file in zip((f"SELECT {COLUMNS} FROM facts", lines, WEIGHTS), files, strict=True):
        facts.write([(f"COPY ({query}) TO '{file}' (FORMAT parquet)", ())])
    return files  # type: ignore[return-value]


def measured(queries: dict[str, Callable[[], int]]) -> dict[str, Any]:
    """Return the CPU seconds of each, the best of two, with how many people it named."""
    spent: dict[str, Any] = {}
    for name, query in queries.items():
        best, people = float("inf"), 0
        for _ in range(2):
            before = time.process_time()
            people = query()
            best = min(best, time.process_time() - before)
        spent[name] = (round(best, 3), people)
        print(f"    {name:38} {best:.3f}, {people:,} people", flush=True)
    total = round(sum(each[0] for each in spent.values()), 3)
    return {"cpu seconds": total, "each": spent}


def polars(facts: DuckFacts, now: int) -> dict[str, Any]:
    """Return what the eight cost in Polars."""
    if find_spec("polars") is None:
        return {"absent": True}
    with tempfile.TemporaryDirectory() as folder:
        print("polars", flush=True)
        return measured(_polars_queries(exported(facts, folder), now))


def _polars_queries(files: tuple[str, str, str], now: int) -> dict[str, Callable[[], int]]:
    import polars as pl

    facts, lines, weights = (pl.scan_parquet(file) for file in files)
    event, at, category = pl.col("event"), pl.col("at"), pl.col("category")

    def did(name: str, days: int = 9999) -> pl.LazyFrame:
        return facts.filter((event == name) & (at > now - days * DAY) & (at <= now))

    def often(frame: pl.LazyFrame, times: int) -> pl.LazyFrame:
        return frame.group_by("person").len().filter(pl.col("len") >= times)

    orders = pl.col("order_id").drop_nulls().n_unique() + pl.col("order_id").is_null().sum()
    tier = did("purchase", 365).group_by("person").agg(orders.alias("orders"))
    bought = lines.filter(event == "purchase")
    a, b = (bought.filter(category == each) for each in ("c1", "c2"))
    frames = {
        "cart abandoners": _abandoners(facts, now),
        "viewed a category": often(did("product_viewed", 30).filter(category == "c7"), 3),
        "champions": _champions(did("purchase"), did("return"), orders, now),
        "engaged": _engaged(facts, weights, now),
        "tier": tier.filter(pl.col("orders") >= 5),
        "lapsed": did("purchase").group_by("person").agg(at.max()).filter(at <= now - 90 * DAY),
        "bought A, never B": a.select("person").unique().join(b, on="person", how="anti"),
        "opened 2 of the last 5": often(_answered(did("email_sent"), did("email_opened")), 2),
    }
    return {name: _counted(frame) for name, frame in frames.items()}


def _abandoners(facts: Any, now: int) -> Any:
    import polars as pl

    event, at = pl.col("event"), pl.col("at")
    carts = facts.filter(event.is_in(["add_to_cart", "purchase"]) & (at > now - 2 * DAY))
    last = carts.group_by("person").agg(
        at.filter(event == "add_to_cart").max().alias("cart"),
        at.filter(event == "purchase").max().fill_null(0).alias("bought"),
    )
    return last.filter(pl.col("cart") > pl.col("bought"))


def _champions(purchases: Any, returns: Any, orders: Any, now: int) -> Any:
    import polars as pl

    value, last = pl.col("value_minor"), pl.col("at").max().alias("last")
    bought = purchases.group_by("person").agg(
        last, value.sum().alias("spent"), orders.alias("orders")
    )
    back = returns.group_by("person").agg(value.abs().sum().alias("back"))
    net = pl.col("spent") - pl.col("back").fill_null(0)
    recent, often = pl.col("last") > now - 61 * DAY, pl.col("orders") >= 5
    return bought.join(back, on="person", how="left").filter(recent & often & (net >= 50000))


def _engaged(facts: Any, weights: Any, now: int) -> Any:
    import polars as pl

    event, at = pl.col("event"), pl.col("at")
    asked = event.is_in(["email_opened", "email_clicked"]) & ~pl.col("machine")
    points = pl.when(event == "email_clicked").then(3).otherwise(1).alias("points")
    read = facts.filter(asked & (at > now - 628 * DAY)).select(
        "person", (now // DAY - at // DAY).alias("age"), points
    )
    score = (pl.col("points") * pl.col("weight")).sum().alias("score")
    totals = read.join(weights, on="age").group_by("person").agg(score)
    return totals.filter(pl.col("score") >= 1_000_000)


def _answered(sent: Any, opened: Any) -> Any:
    """Return each person's last five of these that were answered, by campaign."""
    latest = sent.sort(["at", "position"], descending=True).group_by("person").head(5)
    return latest.join(opened, on=["person", "campaign"], how="semi")


def _counted(frame: Any) -> Callable[[], int]:
    return lambda: int(frame.select("person").collect().height)


def chdb(facts: DuckFacts, now: int) -> dict[str, Any]:
    """Return what the eight cost in ClickHouse, in process."""
    if find_spec("chdb") is None:
        return {"absent": True}
    with tempfile.TemporaryDirectory() as folder:
        print("chdb", flush=True)
        return measured(_chdb_queries(exported(facts, folder)))


def _chdb_queries(files: tuple[str, str, str]) -> dict[str, Callable[[], int]]:
    import chdb as clickhouse

    from segments import CASES

    def counted(sql: str) -> Callable[[], int]:
        for name, file in zip(("facts", "lines", "decay"), files, strict=True):
            sql = re.sub(rf"\b(FROM|JOIN) {name}\b", rf"\1 file('{Path(file)}') AS {name}", sql)
        sql = sql.replace(f'"at" // {DAY}', f'intDiv("at", {DAY})')
        query = f"SELECT count() FROM ({sql}) SETTINGS {SETTINGS}"
        return lambda: int(str(clickhouse.query(query, "CSV")).strip())

    return {case.name: counted(case.by_hand) for case in CASES}


PEERS: dict[str, Peer] = {"polars": polars, "chdb": chdb}

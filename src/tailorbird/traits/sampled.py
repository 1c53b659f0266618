"""Reads a query about a sample of the people from the rows that are kept of them."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from tailorbird.traits.sql import TOUCHED

PEOPLE: Final = "sampled_people"
KEPT: Final = frozenset({"people", "facts", "visits", "lines", "properties", "trait_values"})


def answer_from_sample(query: exp.Query) -> None:
    """Have a query that is restricted to the people in the sample read their own rows alone."""
    for among in list(query.find_all(exp.In)):
        scan = among.find_ancestor(exp.Select)
        if _restricts(among) and scan and scan.args["from_"].this.name in KEPT:
            among.replace(exp.true())
    for table in query.find_all(exp.Table):
        if table.name in KEPT:
            table.set("this", exp.to_identifier(f"sampled_{table.name}", quoted=True))
        elif table.name == TOUCHED:
            table.set("this", exp.to_identifier(PEOPLE, quoted=True))


def _restricts(among: exp.In) -> bool:
    inner = among.args.get("query")
    return inner is not None and inner.this.args["from_"].this.name == TOUCHED

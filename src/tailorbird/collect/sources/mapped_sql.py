"""What a mapping says, as SQL over its typed columns: `c0`, `c1` ... in its order.

Names in the SQL are made of numbers only; what authors wrote is bound, a prefix of ids apart.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from tailorbird.collect.mapping_schema import Condition, Conditions, Mapping
from tailorbird.schema import Instant

SqlValue: TypeAlias = str | int | bool | None
Expression: TypeAlias = tuple[str, list[SqlValue]]
"""SQL, and what it binds in its order."""

DUPLICATE: Final = -1
FAULT: Final = -2
IMPLAUSIBLE: Final = -3
MISFIT: Final = -4
"""Rules of refusal that every mapping has, before its own (0, 1, ...)."""
SEPARATOR: Final = "chr(31)"
"""No cell that was read holds a control character."""


def name_of(mapping: Mapping, column: str) -> str:
    """Return a column's name in the SQL, `NULL` for ''."""
    names = [known.name for known in mapping.columns]
    return f"c{names.index(column)}" if column else "NULL"


def customer_of(mapping: Mapping) -> str:
    """Return the SQL of who a row is about, '' for a guest."""
    customers = mapping.customers
    if customers is None:
        return "''"
    ids = ", ".join(name_of(mapping, each) for each in customers.id)
    if not customers.prefix:
        return f"coalesce({ids}, '')"
    # A quote is doubled: the only text of an author that is not bound, as it stands everywhere.
    prefix = customers.prefix.replace("'", "''")
    return f"coalesce('{prefix}' || coalesce({ids}), '')"


def all_of(mapping: Mapping, conditions: Conditions) -> Expression:
    """Return conditions as one expression that is true or false."""
    terms, parameters = [], []
    for condition in conditions:
        term, bound = _term(mapping, condition)
        terms.append(f"coalesce({term}, FALSE)")
        parameters += bound
    return f"({' AND '.join(terms) or 'TRUE'})", parameters


def _term(mapping: Mapping, condition: Condition) -> Expression:
    name = name_of(mapping, condition.column)
    decimal = mapping.column(condition.column).type == "decimal"
    values: list[SqlValue] = [
        int(v * 10**6 if decimal else v) if not isinstance(v, str | bool) else v
        for v in condition.values
    ]
    match condition.operator:
        case "above":
            return f"{name} > ?", values
        case "below":
            return f"{name} < ?", values
        case "matches":
            return f"regexp_matches({name}, ?)", values
        case "starts_with":
            return " OR ".join([f"starts_with({name}, ?)"] * len(values)), values
        case "present":
            return f"({name} IS NOT NULL) = ?", values
        case _:
            return f"{name} IN ({', '.join('?' * len(values))})", values


def refusals(mapping: Mapping, earliest: Instant, latest: Instant) -> Expression:
    """Return the branches of a CASE that name the rule by which a row is refused."""
    cases: list[str] = []
    parameters: list[SqlValue] = []
    for index, column in enumerate(mapping.columns):
        if column.type == "time":
            cases.append(f"WHEN c{index} NOT BETWEEN ? AND ? THEN {IMPLAUSIBLE}")
            parameters += [earliest, latest]
    for number, rule in enumerate(mapping.refuse):
        when, bound = all_of(mapping, rule.when)
        unless, bound_unless = all_of(mapping, rule.unless) if rule.unless else ("FALSE", [])
        cases.append(f"WHEN {when} AND NOT {unless} THEN {number}")
        parameters += bound + bound_unless
    return " ".join(cases), parameters


def key_of(mapping: Mapping) -> Expression:
    """Return the last 8 bytes of the message id of a row that is an event.

    They are made from what the row says, and the first 8 bytes are its instant: the same row in
    another export has the same id, and ids that are near in time are near in every index. What a
    row does not say is left out: a mapping that learns a new property keeps the ids.
    """
    events = mapping.events
    if events is None:
        return "NULL", []
    name = f"coalesce({name_of(mapping, events.name_column)}, ?)"
    time = name_of(mapping, events.time)
    parts = [f", {SEPARATOR}, ".join([name, customer_of(mapping), time])]
    bound: list[SqlValue] = [events.name]
    for said, column in events.properties.items():
        cell = f"{name_of(mapping, column)}::VARCHAR"
        parts.append(f"coalesce({SEPARATOR} || ?::VARCHAR || {cell}, '')")
        bound.append(f"{said}=")
    return f"md5_number_lower(concat({', '.join(parts)}))", bound

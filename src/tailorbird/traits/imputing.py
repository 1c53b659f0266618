"""Missing traits: which of them an author wants filled, with what, and never without a mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import fmean, median_low
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.schema import PersonId, Scalar
from tailorbird.traits.registry import TRAITS

if TYPE_CHECKING:
    import pyarrow as pa

NAME: Final = "imputation"
"""A data folder has one policy; its definition has this name."""
FILE: Final = f"{NAME}.yaml"
Fill: TypeAlias = Literal["leave", "mean", "median", "mode", "segment"]
STATISTICS: Final = frozenset({"mean", "median", "mode"})


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one trait is filled where it is missing.

    `segments` says a default a segment, the first that holds a person counts; `otherwise` is for
    everybody else.
    """

    fill: Fill
    segments: dict[str, Scalar] = {}
    otherwise: Scalar = None


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, as it is written."""

    imputation: str
    traits: dict[str, Any]
    at_least: int = 30


class Policies(msgspec.Struct, frozen=True):
    """What an author wants of missing traits. Fewer people than `at_least` give no statistic."""

    imputation: str
    traits: dict[str, Policy]
    at_least: int

    def segments(self) -> list[str]:
        """Return the segments that give defaults."""
        named = (policy.segments for policy in self.traits.values() if policy.fill == "segment")
        return sorted({name for each in named for name in each})


@dataclass(frozen=True, slots=True)
class Filled:
    """A table of traits without the gaps that a policy fills, and which values are not known."""

    table: pa.Table
    imputed: dict[PersonId, list[str]]
    """The imputed traits of each person who has any."""

    def mark(self, person: PersonId) -> dict[str, object]:
        """Return `{"imputed": [...]}`, what must be kept beside a person's traits; {} for none."""
        return {"imputed": self.imputed[person]} if person in self.imputed else {}


def parse(text: str, file: str = FILE) -> Policies:
    """Return the policies that a YAML text says.

    Raises:
        DefinitionError: as `file:line: what; mend`.
    """
    document = yaml_text.read(text, file)
    written = yaml_text.convert(document, _Written)
    policies = Policies(
        written.imputation,
        {
            name: yaml_text.convert(yaml_text.part(document, ("traits", name), value), Policy)
            for name, value in written.traits.items()
        },
        written.at_least,
    )
    for name, policy in policies.traits.items():
        if found := _wrong(name, policy):
            what, mend = found
            raise DefinitionError(what, where=document.where(("traits", name)), mend=mend)
    return policies


def _wrong(name: str, policy: Policy) -> tuple[str, str] | None:
    known = TRAITS.get(name)
    if policy.fill in ("mean", "median") and (known is None or known.type == "text"):
        return f"{name!r} is a text", "fill it by mode or segment"
    if policy.fill in ("mean", "median") and known is not None and known.type == "instant":
        return f"{name!r} is an instant: in the middle nothing happened", "leave it"
    if policy.fill == "segment" and not policy.segments and policy.otherwise is None:
        return "no segment has a default", "add `segments: {gold: ...}` or `otherwise: ...`"
    if policy.fill != "segment" and (policy.segments or policy.otherwise is not None):
        return f"`{policy.fill}` takes no defaults", "write `fill: segment`"
    defaults = [*policy.segments.values(), *([policy.otherwise] * (policy.otherwise is not None))]
    wants = str if known is None or known.type == "text" else int
    if any(type(value) is not wants for value in defaults):
        kind = "texts" if wants is str else "whole numbers, in the trait's own unit"
        return f"the defaults of {name!r} are no {kind}", "write them as such"
    return None


def statistics(policies: Policies, population: pa.Table) -> dict[str, Scalar]:
    """Return what each trait is filled with, from those of a population who have it.

    The population is a table of traits as of one instant: nothing later can leak into it.
    """
    return {
        name: value
        for name, policy in policies.traits.items()
        if policy.fill in STATISTICS and name in population.column_names
        and (value := _statistic(policy.fill, population.column(name), policies.at_least))
        is not None
    }  # fmt: skip


def _statistic(fill: Fill, column: pa.ChunkedArray, at_least: int) -> Scalar:
    known: list[Scalar] = column.drop_null().to_pylist()
    if len(known) < max(at_least, 1):
        return None
    numbers = [value for value in known if isinstance(value, int)]
    match fill:
        case "mean":
            return round(fmean(numbers))
        case "median":
            return median_low(numbers)
        case _:
            return _mode(column)


def _mode(column: pa.ChunkedArray) -> Scalar:
    """Return the most frequent value, of equals the first in order."""
    counts: dict[Scalar, int] = {
        row["values"]: row["counts"] for row in column.drop_null().value_counts().to_pylist()
    }
    most = max(counts.values())
    found: Scalar = min(
        (value for value, number in counts.items() if number == most), key=lambda each: str(each)
    )
    return found


def filled(
    policies: Policies,
    table: pa.Table,
    values: Mapping[str, Scalar],
    members: Mapping[str, Set[PersonId]],
) -> Filled:
    """Return the table with its gaps filled; `members` are the people of the named segments."""
    import pyarrow as pa

    people: Sequence[PersonId] = table.column("person").to_pylist()
    imputed: dict[PersonId, list[str]] = {}
    for index, name in enumerate(table.column_names):
        policy = policies.traits.get(name)
        if policy is None or policy.fill == "leave" or not table.column(name).null_count:
            continue
        column: list[Scalar] = table.column(name).to_pylist()
        for at, person in enumerate(people):
            if column[at] is None:
                column[at] = _default(policy, person, values.get(name), members)
                if column[at] is not None:
                    imputed.setdefault(person, []).append(name)
        field = table.schema.field(name)
        table = table.set_column(index, field, pa.array(column, field.type))
    return Filled(table, imputed)


def _default(
    policy: Policy, person: PersonId, value: Scalar, members: Mapping[str, Set[PersonId]]
) -> Scalar:
    if policy.fill != "segment":
        return value
    holding = (name for name in policy.segments if person in members.get(name, ()))
    first = next(holding, None)
    return policy.otherwise if first is None else policy.segments[first]

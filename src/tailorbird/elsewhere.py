"""Segments on another engine: the facts copied there, and the same people found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final, Literal, TypeAlias

from tailorbird import authoring, grouping, segments
from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.stores.engines import Engine, schema
from tailorbird.world import World

EngineName: TypeAlias = Literal["clickhouse", "postgres", "spark"]
NAMES: Final[tuple[EngineName, ...]] = ("clickhouse", "postgres", "spark")


class Elsewhere:
    """Another engine, holding the facts as they were when it was asked to."""

    def __init__(self, engine: Engine, facts: Facts) -> None:
        self._engine = engine
        engine.load(schema.copied(facts))

    def count(
        self,
        segment: segments.Segment,
        among: Sequence[segments.Segment] = (),
        *,
        as_of: Instant,
    ) -> int:
        """Return how many people are in the segment at this instant, as `segments.count` does."""
        statement = compiler.size(segment, among, as_of=as_of, dialect=self._engine.dialect)
        return int(self._engine.read(statement)["people"][0].as_py())

    def people(
        self,
        segment: segments.Segment,
        among: Sequence[segments.Segment] = (),
        *,
        as_of: Instant,
    ) -> list[PersonId]:
        """Return who is in the segment at this instant, as `segments.people` does."""
        statement = compiler.members(segment, among, as_of=as_of, dialect=self._engine.dialect)
        people: list[PersonId] = self._engine.read(statement)["person"].to_pylist()
        return people


@contextmanager
def copied(facts: Facts, name: str, uri: str = "") -> Iterator[Elsewhere]:
    """Open an engine, copy the facts there, and have it forget them at the end.

    Raises:
        UsageError: it is not installed, not reached, or none of `NAMES`.
    """
    with closing(_opened(name, uri)) as engine:
        yield Elsewhere(engine, facts)


def count(world: World, segment: segments.Segment, as_of: Instant, name: str, uri: str) -> int:
    """Return how many people another engine finds in a segment at this instant."""
    with copied(world.facts, name, uri) as there:
        meant = grouping.at(world, segment, as_of)
        return there.count(meant, authoring.standing_segments(world, as_of), as_of=as_of)


def verify(world: World, now: Instant, name: str, uri: str) -> list[tuple[str, PersonId]]:
    """Return (segment, person) wherever another engine finds somebody else than DuckDB does."""
    standing = authoring.sound_segments(world)
    wrong = []
    with copied(world.facts, name, uri) as there:
        for segment in standing:
            own = set(segments.people(world.facts, segment, standing, as_of=now))
            differ = own ^ set(there.people(segment, standing, as_of=now))
            wrong += [(segment.name, person) for person in sorted(differ)]
    return wrong


def _opened(name: str, uri: str) -> Engine:
    match name:
        case "clickhouse":
            from tailorbird.stores.engines.clickhouse import ClickHouse

            return ClickHouse()
        case "postgres":
            from tailorbird.stores.engines.postgres import Postgres

            return Postgres(uri)
        case "spark":
            from tailorbird.stores.engines.spark import Spark

            return Spark()
        case _:
            raise UsageError(f"no engine {name!r}", mend=f"write one of {', '.join(NAMES)}")

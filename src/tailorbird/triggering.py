"""What set people off since last time: each journey in force looks at what came behind its place.

Places are kept per journey, in the transaction of the entries that they stand for, or behind them:
a kill in between has the same people set off again, under the same numbers, and whoever has entered
by one enters by it no more. What is read of the facts are the rows behind the place alone, and
whose date it is only at the instants at which it gets that late somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from tailorbird import grouping, journey_alarms, journeys, letters
from tailorbird.errors import DefinitionError
from tailorbird.journeys import triggers
from tailorbird.journeys.journey import (
    CallTrigger,
    DateTrigger,
    EventTrigger,
    SegmentTrigger,
    StockTrigger,
)
from tailorbird.journeys.triggers import MADE_UP_FOR, Hit, Progress, Restated, Triggered
from tailorbird.letters.campaigns import of_journey
from tailorbird.schema import DAY, HOUR, Definition, Instant, Names, PersonId, Position
from tailorbird.segments.happened import TABLES, happened, happening
from tailorbird.traits.query import Query
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.terms import Compare, Declared, Every, Truth, Value
from tailorbird.traits.zones import day_in
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

Enter: TypeAlias = Callable[[World, journeys.Journey, int, Sequence[Triggered], Instant], object]
"""Has those enter who may; asked again with the same triggers it changes nothing."""
AT_ONCE: Final = 1_000
"""People of whom it is asked in one transaction whether they enter."""
READER: Final = "triggers:"
CALLS: Final = "rest"
"""The source of calls of the API: nobody else's event of that name counts."""
_NAMES: Final = "SELECT DISTINCT event FROM facts WHERE position > $1 AND position <= $2"
_FACTS: Final = """
SELECT * FROM facts WHERE position > $1 AND position <= $2 AND event = $3
AND "at" >= $4 AND "at" >= received_at - $5
"""
_BESIDE: Final = """
SELECT * FROM {} WHERE position > $1 AND position <= $2 AND event = $3
AND position IN (SELECT position FROM touched_facts)
"""
_RESTATED: Final = """
SELECT position, item, "at", price_before, price_minor, stock_before, stock FROM product_changes
WHERE position <= $2 AND "at" >= $3 AND item IN (
    SELECT item FROM product_changes WHERE position > $1 AND position <= $2)
ORDER BY position, item
"""
_INTERESTED: Final = """
WITH looked AS (
    SELECT n.position, n.item, l.person, MAX(l."at") AS last
    FROM lines AS l JOIN news AS n ON n.item = l.item
    WHERE l.event = $1 AND l.person IS NOT NULL AND l."at" <= n."at" AND l."at" > n."at" - $2
    GROUP BY n.position, n.item, l.person)
SELECT position, item, person FROM looked WHERE NOT EXISTS (
    SELECT 1 FROM lines AS o WHERE o.person = looked.person AND o.item = looked.item
    AND o.event IN (SELECT UNNEST($3)) AND o."at" >= looked.last)
ORDER BY position, last DESC, person, item
"""


class Place(msgspec.Struct, frozen=True):
    """How far a journey has looked, as of which of its versions."""

    version: int
    progress: Progress


Found: TypeAlias = tuple[list[Triggered], Progress]
"""Who was set off, and how far it was looked for them."""


def enter_triggered(world: World, now: Instant, enter: Enter) -> list[str]:
    """Hand all to `enter` who were set off since last time; return what holds others up so long."""
    came = Came(world, grouping.all_sound(world))
    troubles: list[str] = []
    for definition in world.definitions.latest("journey"):
        try:  # one that an older version kept, and that this one refuses, must not stop the others
            _of_one(world, came, definition, now, enter)
        except DefinitionError as error:
            troubles.append(f"nobody enters journey {definition.name}: {error.sentence()}")
    return troubles


def _of_one(world: World, came: Came, found: Definition, now: Instant, enter: Enter) -> None:
    if (journey := of_journey(found)).mode == "paused":
        return
    before = kept_place(world, journey.name)
    place = place_of(world, found, journey, before)
    if not came.all_sound:
        journey_alarms.check_entry(world, journey)
    for triggered, progress in set_off(world, came, journey, place.progress, now):
        reached = Place(found.version, progress)
        _enter(world, journey, triggered, reached, now, enter)
        place = reached
    if before is None or before.version != place.version:
        _keep(world, journey.name, place)


def next_due(world: World, now: Instant) -> Instant | None:
    """Return the next instant that sets somebody off by time alone; None for never."""
    due: list[Instant] = []
    for definition in world.definitions.latest("journey"):
        journey = _readable(definition)
        if journey and journey.mode != "paused" and isinstance(journey.trigger, DateTrigger):
            due.append(triggers.next_hit(journey.trigger.at_minute, now))
    return min(due, default=None)


# -- places -------------------------------------------------------------------------------------


def kept_place(world: World, name: str) -> Place | None:
    """Return how far a journey has looked; None where it never did."""
    kept = world.log.progress(READER + name)
    return msgspec.json.decode(kept, type=Place) if kept else None


def place_of(
    world: World, definition: Definition, journey: journeys.Journey, before: Place | None
) -> Place:
    """Return from where a journey looks on: where it was, or where what it means now began."""
    if before is not None and before.version == definition.version:
        return before
    meant = triggers.meaning(journey)
    since = before.version if before else 0
    run = [definition]
    for older in world.definitions.versions("journey", definition.name, definition.version - since):
        if older.version >= definition.version:
            continue
        read = None if older.removed else _readable(older)
        if older.version <= since or read is None or triggers.meaning(read) != meant:
            break
        run.append(older)
    first = run[-1]
    if before and first.version == since + 1 and before.progress.meaning == meant:
        return Place(definition.version, before.progress)
    sequence = world.changes.seen_before(first.created_at)
    begun = triggers.begun(meant, first.created_at, first.log_end, sequence)
    return Place(definition.version, begun)


def _keep(world: World, name: str, place: Place, *, durable: bool = False) -> None:
    """Keep how far a journey has looked: with the next that is durable, where nobody waits."""
    with world.people.transaction(durable=durable):
        world.log.append_from(READER + name, [], msgspec.json.encode(place).decode())


def _enter(
    world: World,
    journey: journeys.Journey,
    triggered: Sequence[Triggered],
    reached: Place,
    now: Instant,
    enter: Enter,
) -> None:
    """Have people enter, and with the last of them keep how far it was looked."""
    if not triggered:
        _keep(world, journey.name, reached)
        return
    for start in range(0, len(triggered), AT_ONCE):
        last = start + AT_ONCE >= len(triggered)
        with world.people.transaction():
            some = triggered[start : start + AT_ONCE]
            enter(world, journey, reached.version, some, now)
            if last:
                _keep(world, journey.name, reached, durable=True)


def _readable(definition: Definition) -> journeys.Journey | None:
    try:
        return of_journey(definition)
    except DefinitionError:
        return None


# -- what set people off ------------------------------------------------------------------------


@dataclass(slots=True)
class Came:
    """What the facts have got since, read once for all journeys of a tick."""

    world: World
    all_sound: bool = False  # whether no segment is broken, so that no journey need look
    _names: dict[Position, frozenset[str]] = field(default_factory=dict)

    @property
    def end(self) -> Position:
        """Return the last position that the facts can hold."""
        return triggers.last_position(self.world.facts.offset())

    def has(self, event: str, after: Position) -> bool:
        """Return whether such an event came behind a position."""
        if after not in self._names:
            rows = self.world.facts.read(_NAMES, (after, self.end))
            self._names[after] = frozenset(rows["event"].to_pylist())
        return event in self._names[after]


def set_off(
    world: World, came: Came, journey: journeys.Journey, progress: Progress, now: Instant
) -> Iterator[Found]:
    """Yield who was set off behind a place, with how far it was looked; nothing where no news is.

    What is yielded first is entered first.
    """
    match journey.trigger:
        case EventTrigger() as trigger:
            yield from _by_event(world, came, journey, trigger, progress)
        case CallTrigger():
            called = EventTrigger(Names.JOURNEY_CALLED, {"journey": journey.name, "source": CALLS})
            yield from _by_event(world, came, journey, called, progress)
        case SegmentTrigger() as trigger:
            yield from _by_segment(world, trigger, progress)
        case DateTrigger() as trigger:
            yield from _by_date(world, trigger, progress, now)
        case StockTrigger() as trigger:
            yield from _by_product(world, came, journey, trigger, progress, now)


def _by_event(
    world: World,
    came: Came,
    journey: journeys.Journey,
    trigger: EventTrigger,
    progress: Progress,
) -> Iterator[Found]:
    end = came.end
    if end <= progress.position:
        return
    reached = replace(progress, position=end)
    if not came.has(trigger.event, progress.position):
        yield [], reached
        return
    rows = _events(world, trigger, progress, end)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        last = start + AT_ONCE >= len(rows)
        keys = _keys(world, journey.per, some)
        yield (
            [
                Triggered(row["person"], row["at"], row["position"], key)
                for row, key in zip(some, keys, strict=True)
            ],
            reached if last else replace(progress, position=some[-1]["position"]),
        )
    if not rows:
        yield [], reached


def _events(
    world: World, trigger: EventTrigger, progress: Progress, end: Position
) -> list[dict[str, Any]]:
    """Return the events behind the place that pass, in the order of the log."""
    bound = (progress.position, end, trigger.event)
    found = world.facts.read(_FACTS, (*bound, progress.since, trigger.late))
    if not found.num_rows:
        return []
    taken = {"touched_facts": found}
    for name in TABLES[1:] if trigger.where else ():
        taken[f"touched_{name}"] = world.facts.read(_BESIDE.format(name), bound, taken)
    statement = happened(happening(trigger.event, trigger.where, "journey"))
    rows = world.facts.read(statement.sql, statement.parameters, {**statement.tables, **taken})
    passed: list[dict[str, Any]] = rows.to_pylist()
    return passed


def _keys(world: World, per: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the value of the property that tells one entry from another, for each event."""
    if not per:
        return [""] * len(rows)
    events = letters.events_at(world, {row["position"] for row in rows})
    return [letters.value_of(events.get(row["position"], {}), per) for row in rows]


def _by_segment(world: World, trigger: SegmentTrigger, progress: Progress) -> Iterator[Found]:
    entered, after = trigger.on == "entry", progress.sequence
    while changes := world.changes.after(after, AT_ONCE):
        after = changes[-1].sequence
        found = [
            Triggered(each.person, each.at, each.sequence)
            for each in changes
            if (each.segment, each.entered) == (trigger.segment, entered)
            # Nothing happened to those who are in it by another definition.
            and each.cause != "definition"
            and each.at >= progress.since
            and each.seen_at - each.at <= MADE_UP_FOR
        ]
        yield found, replace(progress, sequence=after)


def _by_date(
    world: World, trigger: DateTrigger, progress: Progress, now: Instant
) -> Iterator[Found]:
    after = max(progress.until, now - MADE_UP_FOR)
    hits = triggers.hits(trigger.at_minute, after, now)
    for at, together in groupby(hits, key=lambda hit: hit.at):
        found = [each for hit in together for each in _whose_day(world, trigger, hit)]
        yield found, replace(progress, until=at)


def _whose_day(world: World, trigger: DateTrigger, hit: Hit) -> list[Triggered]:
    """Return whose date it is, of those in whose time zone it just got that late."""
    days = triggers.days_of(trigger, hit.day)
    zone: Value = Declared("timezone", "text")
    computed = TRAITS.get(trigger.trait)
    date: Value = computed.value if computed else Declared(trigger.trait, "day")
    where: Truth = Compare(date, "in", days)
    if computed:  # an instant, which is another day in another zone
        first, end = (days[0] - 1) * DAY, (days[-1] + 2) * DAY
        where = Every((Compare(date, ">=", (first,)), Compare(date, "<", (end,))))
    query = Query(hit.at)
    statement = query.statement(query.select({"zone": zone, "date": date}, where))
    rows = world.facts.read(statement.sql, statement.parameters, statement.tables).to_pylist()
    found, shop = [], world.settings.shop.zone
    for row in sorted(rows, key=lambda row: row["person"]):
        there = row["zone"] if triggers.is_zone(row["zone"]) else shop
        day = day_in(ZoneInfo(there), row["date"]) if computed else row["date"]
        if there in hit.zones and day in days:
            found.append(Triggered(row["person"], hit.at, hit.day))
    return found


def _by_product(
    world: World,
    came: Came,
    journey: journeys.Journey,
    trigger: StockTrigger,
    progress: Progress,
    now: Instant,
) -> Iterator[Found]:
    end = came.end
    if end <= progress.position:
        return
    since = max(progress.since, now - MADE_UP_FOR)
    rows = world.facts.read(_RESTATED, (progress.position, end, since - MADE_UP_FOR - HOUR))
    said = [Restated(**row) for row in rows.to_pylist()]
    zone = world.settings.shop.zone
    fresh = triggers.first_of_day(trigger, said, zone, progress.position)
    news = _standing(world, trigger, [each for each in fresh if each.at >= since])
    found = [
        Triggered(person, each.at, each.position, each.item if journey.per == "item" else "")
        for each, person in _interested(world, trigger, news)
    ]
    yield found, replace(progress, position=end)


def _standing(world: World, trigger: StockTrigger, news: Sequence[Restated]) -> list[Restated]:
    """Return the news that still holds: what was taken back meanwhile is none."""
    known = world.facts.products(sorted({each.item for each in news})) if news else {}
    return [
        each
        for each in news
        if (now := known.get(each.item))
        and triggers.stands(trigger, each, now.price_minor, now.stock)
    ]


def _interested(
    world: World, trigger: StockTrigger, news: Sequence[Restated]
) -> list[tuple[Restated, PersonId]]:
    """Return who showed an interest in what there is news of, and has not bought it since."""
    if not news:
        return []
    asked = {"news": _table(news)}
    ended = list(triggers.given_up(trigger))
    bound: Any = (trigger.interest, trigger.within, ended)
    by_place = {(each.position, each.item): each for each in news}
    rows = world.facts.read(_INTERESTED, bound, asked).to_pylist()
    return [(by_place[row["position"], row["item"]], row["person"]) for row in rows]


def _table(news: Sequence[Restated]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "position": pa.array([each.position for each in news], pa.int64()),
            "item": pa.array([each.item for each in news], pa.string()),
            "at": pa.array([each.at for each in news], pa.int64()),
        }
    )

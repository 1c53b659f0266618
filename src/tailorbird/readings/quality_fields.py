"""What traits and properties are filled with, and what the orders are worth."""

from __future__ import annotations

from typing import Any, Final

from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.readings.unusual import fences
from tailorbird.schema import DAY, Instant, PersonId, Position
from tailorbird.views import moment
from tailorbird.views.quality import FieldProfile, OrderProfile, Outlier, PeopleProfile
from tailorbird.world import World

SAMPLE: Final = 20_000
"""People whose sealed fields are opened to see which are filled."""
OUTDATED_DAYS: Final = 365
SHOWN: Final = 5
_MILLION: Final = 1_000_000

_KINDS: Final = """
    COUNT(*) FILTER (text <> '') AS filled,
    COUNT(*) FILTER (number IS NULL AND text <> '') AS texts,
    COUNT(*) FILTER (number IS NOT NULL AND text NOT IN ('true', 'false')) AS numbers,
    COUNT(*) FILTER (number IS NOT NULL AND text IN ('true', 'false')) AS booleans,
    APPROX_COUNT_DISTINCT(text) AS different,
    MIN(number) FILTER (text NOT IN ('true', 'false')) AS low,
    MAX(number) FILTER (text NOT IN ('true', 'false')) AS high
"""
_TRAITS: Final = f"""
WITH latest AS (
    SELECT name, text, number FROM trait_values WHERE name <> 'birthday'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY person, name ORDER BY "at" DESC, position DESC) = 1)
SELECT '' AS event, name, (SELECT COUNT(*) FROM people) AS among, {_KINDS}
FROM latest GROUP BY name ORDER BY name
"""  # noqa: S608 - the parts are constants of this file
_PROPERTIES: Final = f"""
WITH every AS (SELECT event, COUNT(*) AS among FROM facts WHERE position >= $1 GROUP BY event)
SELECT event, name, ANY_VALUE(among) AS among, {_KINDS}
FROM properties JOIN every USING (event) WHERE position >= $1
GROUP BY event, name ORDER BY event, name
"""  # noqa: S608 - as above
_ORDERS: Final = """
SELECT ANY_VALUE(order_id) AS order_id, MIN(position) AS position, MIN("at") AS at,
    CAST(SUM(value_minor) AS BIGINT) AS value, BOOL_OR(person IS NOT NULL) AS known
FROM facts WHERE event = 'purchase' AND position >= $1
GROUP BY COALESCE(order_id, position::VARCHAR), person
"""
_LINES: Final = """
SELECT COUNT(*) AS lines, COUNT(*) FILTER (value_minor = 0) AS unpriced
FROM lines WHERE event = 'purchase' AND position >= $1
"""
_RETURNS: Final = """
SELECT COUNT(DISTINCT COALESCE(order_id, position::VARCHAR)) AS returned
FROM facts WHERE event = 'return' AND position >= $1
"""
_MARKS: Final = """
SELECT name, COUNT(*) AS people FROM (
    SELECT name, text FROM trait_values
    WHERE name = 'email_disposable' OR name LIKE '%$_invalid' ESCAPE '$'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY person, name ORDER BY "at" DESC, position DESC) = 1)
WHERE text = 'true' GROUP BY name
"""
_OUTDATED: Final = """
SELECT COUNT(*) AS outdated FROM people AS p
LEFT JOIN (SELECT person, MAX("at") AS heard FROM facts
    WHERE event NOT IN (
        'email_sent', 'email_delivered', 'email_deferred', 'email_dropped', 'email_bounced',
        'email_auto_replied') GROUP BY person) AS f USING (person)
LEFT JOIN (SELECT person, MAX("at") AS said FROM trait_values GROUP BY person) AS t USING (person)
WHERE GREATEST(p.created_at, COALESCE(f.heard, 0), COALESCE(t.said, 0)) < $1
"""


def traits(world: World, sample: dict[str, int], sampled: int) -> tuple[FieldProfile, ...]:
    """Return every declared trait; of personal ones only how many have them, by the sample."""
    sealed = [
        FieldProfile("", name, sampled, filled, filled / max(sampled, 1), sealed=True)
        for name, filled in sorted(sample.items())
    ]
    return (*sealed, *(_field(row) for row in world.facts.read(_TRAITS).to_pylist()))


def properties(world: World, first: Position) -> tuple[FieldProfile, ...]:
    """Return every property of every event from a position on."""
    rows = world.facts.read(_PROPERTIES, (first,)).to_pylist()
    return tuple(_field(row) for row in rows)


def _field(row: dict[str, Any]) -> FieldProfile:
    low, high = row["low"], row["high"]
    return FieldProfile(
        of=row["event"],
        name=row["name"],
        among=row["among"],
        filled=row["filled"],
        share=min(1.0, row["filled"] / max(row["among"], 1)),
        texts=row["texts"],
        numbers=row["numbers"],
        booleans=row["booleans"],
        distinct=row["different"],
        low=None if low is None else low / _MILLION,
        high=None if high is None else high / _MILLION,
    )


def orders(world: World, first: Position) -> OrderProfile:
    """Return what the orders from a position on are worth, and which are far from the others."""
    import pyarrow.compute as pc

    found = world.facts.read(_ORDERS, (first,))
    (lines,) = world.facts.read(_LINES, (first,)).to_pylist()
    (back,) = world.facts.read(_RETURNS, (first,)).to_pylist()
    paid = found.filter(pc.greater(found.column("value"), 0))
    values = paid.column("value").to_numpy()
    bounds = fences(values)
    low, high = bounds or (0.0, 0.0)
    far = paid.filter((values < low) | (values > high)) if bounds else paid.slice(0, 0)
    far = far.sort_by([("value", "descending"), ("position", "ascending")])
    return OrderProfile(
        orders=found.num_rows,
        without_person=found.num_rows - (pc.sum(found.column("known")).as_py() or 0),
        returns=back["returned"],
        worthless=found.num_rows - paid.num_rows,
        lines=lines["lines"],
        unpriced_lines=lines["unpriced"],
        median_minor=round(pc.quantile(paid.column("value"), 0.5)[0].as_py() or 0),
        low_fence_minor=round(low),
        high_fence_minor=round(high),
        outliers=far.num_rows,
        furthest=tuple(_outlier(row) for row in far.slice(0, SHOWN).to_pylist()),
    )


def _outlier(row: dict[str, Any]) -> Outlier:
    return Outlier(row["order_id"] or "", row["value"], moment(row["at"]), str(row["position"]))


def people(world: World, now: Instant) -> tuple[PeopleProfile, dict[str, int]]:
    """Return how people can be reached, and how many of the sampled have each personal field."""
    everybody: list[PersonId] = (
        world.facts.read("SELECT person FROM people ORDER BY person").column("person").to_pylist()
    )
    asked = everybody[:: max(1, -(-len(everybody) // SAMPLE))]
    filled: dict[str, int] = {}
    reachable = 0
    profiles = world.people.profiles(asked)
    for profile in profiles.values():
        reachable += bool(profile.email)
        for name, value in profile.traits.items():
            if name in PERSONAL_FIELDS and name not in ("email", "user_id") and value:
                filled[name] = filled.get(name, 0) + 1
    marks = {row["name"]: row["people"] for row in world.facts.read(_MARKS).to_pylist()}
    (old,) = world.facts.read(_OUTDATED, (now - OUTDATED_DAYS * DAY,)).to_pylist()
    profile_of_people = PeopleProfile(
        people=len(everybody),
        sampled=len(profiles),
        without_address=len(profiles) - reachable,
        invalid_addresses=marks.get("email_invalid", 0),
        disposable_addresses=marks.get("email_disposable", 0),
        invalid_phones=marks.get("phone_invalid", 0),
        implausible={
            name.removesuffix("_invalid"): number
            for name, number in sorted(marks.items())
            if name.endswith("_invalid") and name not in ("email_invalid", "phone_invalid")
        },
        outdated=old["outdated"],
        outdated_days=OUTDATED_DAYS,
    )
    return profile_of_people, filled | {"email": reachable}

"""Scores between the nightly scorings: of who has done something since, and of one person, now.

A kept score holds while its person has done nothing new, the same version serves, and it is not
older than a day; everything else is reckoned anew from the same traits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import numpy as np

from tailorbird import learning, model_kinds, serving
from tailorbird.errors import TailorbirdError, UsageError
from tailorbird.learning_texts import WantedModel
from tailorbird.model_cards import ModelCard
from tailorbird.model_data import Past, Together, allowing
from tailorbird.model_record import MILLION
from tailorbird.schema import DAY, MINUTE, Instant, PersonId
from tailorbird.world import World

AT_ONCE: Final = 20_000
"""As many people are scored in one tick."""
EVERY: Final = MINUTE
"""How long a model rests between two such ticks: reading traits costs the same for one and many."""
KEPT: Final = 10_000
"""As many answers about single people are kept in memory."""
Unit = Literal["share", "money", "instant", "hour"]
UNITS: Final[dict[str, Unit]] = {"value": "money", "next_order": "instant", "send_hour": "hour"}
"""What is said of targets that are no probabilities."""

_MARKED: Final = "SELECT value FROM markers WHERE name = ?"
_LATEST: Final = 'SELECT MAX("at") AS "at" FROM scores WHERE model = ?'
_MOVED: Final = """
SELECT person, position FROM people WHERE position > ? ORDER BY position LIMIT ?
"""
_KEPT: Final = """
SELECT p.position, s.model, s.version, s."at", s.value, m.value AS marker
FROM people AS p LEFT JOIN scores AS s ON s.person = p.person
LEFT JOIN markers AS m ON m.name = CONCAT('scored:', s.model)
WHERE p.person = ? ORDER BY s.model
"""


class Said(msgspec.Struct, frozen=True):
    """What a model says of one person: the score, as of when, and what moves it most."""

    model: str
    version: int
    value: float
    at: Instant
    kept: bool
    """Whether it is the score that segments see, or was reckoned for this answer."""
    reason: str = ""
    low: float = 0.0
    """Between this and `high` lies (95 %) what happens to people of whom as much is said."""
    high: float = 0.0
    unit: Unit = "share"
    """What the three are: a probability, minor units of money, seconds since 1970, an hour."""


class Freshened(msgspec.Struct, frozen=True):
    """How many were scored anew, and what cannot be scored now, each in a sentence."""

    people: int
    troubles: tuple[str, ...]


def freshen(world: World, now: Instant) -> Freshened:
    """Score anew who has done something since a streaming model's scoring.

    A model that cannot be asked, such as one at an address that is away, holds nothing up: its
    scores stay as they are until it can.
    """
    people, troubles = 0, []
    for asked in learning.defined(world):
        if asked.streaming:
            try:
                people += _freshened(world, asked.name, now)
            except TailorbirdError as error:
                troubles.append(error.sentence())
    return Freshened(people, tuple(troubles))


def _freshened(world: World, name: str, now: Instant) -> int:
    marked = world.facts.read(_MARKED, (learning.marker(name),)).to_pylist()
    version = serving.version(world, name)
    if not marked or not version or name == learning.RECOMMENDER:
        return 0
    latest = world.facts.read(_LATEST, (name,)).to_pylist()[0]["at"] or 0
    moved = world.facts.read(_MOVED, (marked[0]["value"], AT_ONCE))
    if not moved.num_rows or now < latest + EVERY:
        return 0
    allowed = set(allowing(world, moved["person"].to_pylist(), now, "personalisation"))
    found = learning.scored(world, name, sorted(allowed), now, reasons=False)
    position = moved["position"][-1].as_py()
    world.facts.write(
        [
            (
                "DELETE FROM scores WHERE model = ? AND person IN (SELECT person FROM moved)",
                (name,),
            ),
            (learning.KEEP_SCORES, (name, version, now)),
            ("UPDATE markers SET value = ? WHERE name = ?", (position, learning.marker(name))),
        ],
        {"scored": found, "moved": moved},
    )
    return int(found.num_rows)


class Scores:
    """What models say of one person now; kept until she does something or another version serves.

    For any thread.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[object, ...], tuple[Said, ...]] = {}

    def of(self, person: PersonId, now: Instant) -> tuple[Said, ...] | None:
        """Return what every trained model says of a person, by name; None where nobody is she.

        Nothing is said of who does not allow personalisation.
        """
        world = self._world
        rows = world.facts.read(_KEPT, (person,)).to_pylist()
        if not rows:
            return None
        if not allowing(world, [person], now, "personalisation"):
            return ()
        wanted = {*learning.standing(world)} - {learning.RECOMMENDER}
        names = [name for name in world.models.names() if name in wanted]
        versions = {name: serving.version(world, name) for name in names}
        key = (person, rows[0]["position"], now // DAY, *versions.items())
        if key not in self._known:
            while len(self._known) >= KEPT:
                self._known.pop(next(iter(self._known)), None)
            whose = _Whose(world, person, rows, Together(world, [person], _readers(world, names)))
            told = (_said(whose, name, versions[name], now) for name in names)
            self._known[key] = tuple(each for each in told if each is not None)
        return self._known[key]


def unit(world: World, name: str, version: int) -> Unit:
    """Return what the kept scores of a version are; shares, where no author said what of.

    Of a version that cannot be read, it is what its author wants now. Read once a version.
    """

    def read() -> Unit:
        found = serving.kept(world, name, version)
        try:
            return _unit(world, name, found[1] if found else {})
        except UsageError:
            return "share"

    return world.latest.of(f"unit of {name}", version, read)


def reasons(world: World, name: str, person: PersonId, now: Instant) -> tuple[str, ...]:
    """Return what moves a person's score most, in words; where nothing does, that it says.

    Nothing is said of who does not allow personalisation, or is not scored.

    Raises:
        UsageError: the model was never trained.
    """
    version, files, card = serving.trained(world, name)
    asked = learning.asked_of(world, name, files)
    told = learning.card_of(version, card).scores
    if not told or not allowing(world, [person], now, "personalisation"):
        return ()
    return model_kinds.reasons(Past(world, asked, [person]), files, now)


def reason(world: World, name: str, person: PersonId, now: Instant) -> str:
    """Return what moves a person's score most, in words; why nobody can say, where nobody can."""
    try:
        return next(iter(reasons(world, name, person, now)), "")
    except TailorbirdError as error:
        return error.sentence()


@dataclass(frozen=True, slots=True)
class _Whose:
    """Who is asked about, her kept scores, and her traits, read once for all models."""

    world: World
    person: PersonId
    rows: list[dict[str, Any]]
    together: Together


def _readers(world: World, names: Iterable[str]) -> Iterator[WantedModel]:
    """Yield what was wanted of those of these models that read traits, as far as each is known."""
    for name in names:
        with suppress(TailorbirdError):
            if asked := learning.reader(world, name):
                yield asked


def _said(whose: _Whose, name: str, version: int, now: Instant) -> Said | None:
    """Return the kept score where it still holds, else a new one; None of who is no such person."""
    world = whose.world
    judged = world.latest.of(f"judged {name}", version, lambda: _judged(world, name, version))
    if judged is None:
        return None
    unit, card = judged
    for row in whose.rows:
        still = row["model"] == name and row["version"] == version and now - row["at"] < DAY
        if still and row["marker"] is not None and row["position"] <= row["marker"]:
            return _still(whose, name, row, unit, card)
    found = _asked(whose, name, now)
    if found is None:
        return None
    value, low, high = (float(found[each]) for each in ("value", "low", "high"))
    reason = found.get("top_reason") or ""
    return Said(name, version, value, now, False, reason, low, high, unit)


def _still(whose: _Whose, name: str, row: dict[str, Any], unit: Unit, card: ModelCard) -> Said:
    """Return a kept score and its interval; a probability's needs no traits, only the card."""
    value, at, version = row["value"] / MILLION, row["at"], row["version"]
    if unit == "share":
        low, high = (float(each[0]) for each in model_kinds.between(np.array([value]), card))
    else:
        found = _asked(whose, name, at) or {"low": value, "high": value}
        low, high = found["low"], found["high"]
    return Said(name, version, value, at, True, "", low, high, unit)


def _asked(whose: _Whose, name: str, now: Instant) -> dict[str, Any] | None:
    """Return what a model says of a person, reckoned now; None where it cannot be asked of her."""
    try:
        found = learning.scored(whose.world, name, [whose.person], now, together=whose.together)
    except TailorbirdError:
        return None
    return found.to_pylist()[0] if found.num_rows else None


def _judged(world: World, name: str, version: int) -> tuple[Unit, ModelCard] | None:
    """Return what a version says and its card; read once a version, so that asking stays quick."""
    found = serving.kept(world, name, version) if version else None
    if found is None:
        return None
    return _unit(world, name, found[1]), msgspec.json.decode(found[2], type=ModelCard)


def _unit(world: World, name: str, files: dict[str, bytes]) -> Unit:
    return UNITS.get(str(learning.asked_of(world, name, files).foretells), "share")

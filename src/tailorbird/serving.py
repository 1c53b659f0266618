"""Which version of a model serves: by the latest word in the record, else the latest one.

A version is made to serve by winning (`retraining`), or by somebody who rolls back and says why.
"""

from __future__ import annotations

import msgspec

from tailorbird.errors import ModelError, UsageError
from tailorbird.learning_texts import LIBRARY
from tailorbird.misfits import nearest
from tailorbird.model_cards import ModelCard
from tailorbird.model_record import Turn, TurnHow
from tailorbird.schema import Instant
from tailorbird.world import World


def version(world: World, name: str) -> int:
    """Return the number of the version that serves, 0 where no model of this name was trained."""
    said = world.model_record.turns(name, 1)
    return said[0].version if said else world.models.latest(name)


def served(world: World, name: str) -> tuple[int, dict[str, bytes], bytes] | None:
    """Return (version, files, card) of the version that serves, None where it cannot be read."""
    number = version(world, name)
    return kept(world, name, number) if number else None


def trained(world: World, name: str) -> tuple[int, dict[str, bytes], bytes]:
    """Return (version, files, card) of the version that serves.

    Raises:
        UsageError: no model of this name was trained.
    """
    return _of_version(world, name, version(world, name))


def loaded(world: World, name: str) -> tuple[int, dict[str, bytes], bytes]:
    """Return what `trained` returns, read and checked once a version: for many askings.

    Raises as `trained`.
    """
    number = version(world, name)  # another may serve by the time that this one is read
    return world.latest.of(f"files of {name}", number, lambda: _of_version(world, name, number))


def _of_version(world: World, name: str, number: int) -> tuple[int, dict[str, bytes], bytes]:
    found = kept(world, name, number) if number else None
    if found is None:
        raise _untrained(world, name)
    return found


def _untrained(world: World, name: str) -> UsageError:
    known = [*LIBRARY, *(each.name for each in world.definitions.latest("model"))]
    mend = f"run `tailorbird models train {name}`"
    if name not in known:
        mend = nearest(name, list(dict.fromkeys([*world.models.names(), *known])))
    return UsageError(f"no model {name!r} was trained", mend=mend)


def kept(
    world: World, name: str, number: int | None = None
) -> tuple[int, dict[str, bytes], bytes] | None:
    """Return (version, files, card) of a version, or of the latest, as far as it can be trusted.

    What was changed, or signed by nobody, counts as not there: a training makes another. `trouble`
    says so.
    """
    try:
        return world.models.get(name, number)
    except ModelError:
        return None


def kept_card(world: World, name: str, number: int | None = None) -> tuple[int, bytes] | None:
    """Return (version, card) of a version, or of the latest, as far as the card can be trusted.

    The model itself is not read: it may be large, and is looked at when it is loaded to serve.
    """
    try:
        return world.models.card(name, number)
    except ModelError:
        return None


def trouble(world: World, name: str) -> str:
    """Return why the version that serves cannot be read, '' where it can; read once a version."""
    number = version(world, name)
    return world.latest.of(f"trouble of {name}", number, lambda: _trouble(world, name, number))


def _trouble(world: World, name: str, number: int) -> str:
    try:
        world.models.get(name, number)
    except ModelError as error:
        return error.sentence()
    return ""


def held_by(world: World, name: str) -> Turn | None:
    """Return the word by which somebody rolled back to what serves; None where nobody did.

    Only what surely wins replaces such a version; a challenger that lost to it changes nothing.
    """
    for turn in world.model_record.turns(name):
        if turn.how == "kept":
            continue
        return turn if turn.how == "rolled back" else None
    return None


def turn(world: World, name: str, number: int, how: TurnHow, reason: str, now: Instant) -> Turn:
    """Keep that a version serves from now on by the nightly judgement; return what was kept."""
    kept = Turn(name, number, version(world, name), how, now, "", reason)
    world.model_record.turn(kept)
    return kept


def roll_back(
    world: World, name: str, number: int, *, author: str, reason: str, now: Instant
) -> Turn:
    """Have an earlier version serve again, or any other; scores change at the next scoring.

    Raises:
        UsageError: there is no such version, it serves already, nobody could be scored by it, or
            there is no reason.
    """
    if not world.models.latest(name):
        raise _untrained(world, name)
    if number < 1 or (found := world.models.get(name, number)) is None:
        mend = f"choose 1 to {world.models.latest(name)}"
        raise UsageError(f"{name!r} has no version {number}", mend=mend)
    card = msgspec.json.decode(found[2], type=ModelCard)
    if not card.scores:
        what = f"nobody could be scored by version {number} of {name!r}: {card.why}"
        raise UsageError(what, mend="choose another")
    if number == version(world, name):
        raise UsageError(f"version {number} of {name!r} serves already", mend="choose another")
    if not reason.strip():
        raise UsageError("nobody would know why", mend="give a reason")
    kept = Turn(name, number, version(world, name), "rolled back", now, author, reason.strip())
    world.model_record.turn(kept)
    return kept

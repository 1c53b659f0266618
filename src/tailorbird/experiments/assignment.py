"""Who gets which variant: a keyed hash of experiment and person, so nothing has to be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final

import msgspec

from tailorbird.errors import UsageError
from tailorbird.schema import PersonId

HOLDOUT: Final = "holdout"
"""The arm that gets nothing, so that what the mails cause can be told."""


class Assignment(msgspec.Struct, frozen=True):
    """The arm that a person drew, and the probability with which that arm is drawn."""

    variant: str
    probability: float


def assign(
    key: bytes,
    experiment: str,
    person: PersonId,
    variants: Mapping[str, float],
    holdout: float = 0.0,
) -> Assignment:
    """Return one person's arm; the same arguments always give the same arm.

    See `assign_all`.
    """
    return assign_all(key, experiment, [person], variants, holdout)[0]


def assign_all(
    key: bytes,
    experiment: str,
    people: Sequence[PersonId],
    variants: Mapping[str, float],
    holdout: float = 0.0,
) -> list[Assignment]:
    """Return each person's arm, in order.

    `variants` maps names to weights of any sum; `holdout` is a probability. Holdout and variant are
    two independent draws, so a larger holdout only adds people to it and moves nobody between
    variants. Draws of different experiments are independent. About 2 us a person.

    Raises:
        UsageError: no variant, a weight below zero, a holdout outside [0, 1], a key that is not
            16 to 64 bytes long.
    """
    _check(key, experiment, variants, holdout)
    total = sum(variants.values())
    bounds = [bound / total for bound in accumulate(variants.values())]
    arms = [Assignment(name, (1 - holdout) * weight / total) for name, weight in variants.items()]
    last = max(index for index, weight in enumerate(variants.values()) if weight > 0)
    held = Assignment(HOLDOUT, holdout)
    seed = blake2b(experiment.encode(), key=key, digest_size=16, person=b"tailorbird arm")
    drawn = []
    for person in people:
        digest = seed.copy()
        digest.update(person.to_bytes(8, "big"))
        first, second = _uniforms(digest.digest())
        if first < holdout:
            drawn.append(held)
            continue
        chosen = next((at for at, bound in enumerate(bounds) if second < bound), last)
        drawn.append(arms[chosen])
    return drawn


def _uniforms(digest: bytes) -> tuple[float, float]:
    """Return two numbers in [0, 1) with 53 random bits each."""
    first = int.from_bytes(digest[:8], "big") >> 11
    second = int.from_bytes(digest[8:], "big") >> 11
    return first * 2.0**-53, second * 2.0**-53


def _check(key: bytes, experiment: str, variants: Mapping[str, float], holdout: float) -> None:
    where = f"experiment {experiment!r}"
    if not 16 <= len(key) <= 64:
        raise UsageError(
            f"the key has {len(key)} bytes", where=where, mend="give 16 to 64 secret bytes"
        )
    if HOLDOUT in variants:
        raise UsageError(
            f"a variant is called {HOLDOUT!r}", where=where, mend="give it another name"
        )
    if not 0 <= holdout <= 1:
        raise UsageError(f"holdout is {holdout}", where=where, mend="give a share from 0 to 1")
    weights = list(variants.values())
    if not all(0 <= weight < float("inf") for weight in weights) or not sum(weights) > 0:
        raise UsageError(
            f"the weights of the variants are {dict(variants)}",
            where=where,
            mend="give at least one variant, no weight below zero and not only zeros",
        )

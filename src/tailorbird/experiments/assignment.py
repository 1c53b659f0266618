"""Who gets which variant: a keyed hash of experiment and person, so nothing has to be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tailorbird.errors import UsageError
from tailorbird.schema import PersonId

Numbers: TypeAlias = NDArray[np.float64]
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
    variants. Draws of different experiments are independent. About 1 us a person.

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
    first, second = _uniforms(seed, people)
    chosen = np.searchsorted(bounds, second, side="right")
    chosen[chosen == len(bounds)] = last
    chosen[first < holdout] = len(arms)
    choices = [*arms, held]
    return [choices[at] for at in chosen.tolist()]


def _uniforms(seed: blake2b, people: Sequence[PersonId]) -> tuple[Numbers, Numbers]:
    """Return two numbers in [0, 1) with 53 random bits each, for everybody."""
    digests = []
    for person in people:
        digest = seed.copy()
        digest.update(person.to_bytes(8, "big"))
        digests.append(digest.digest())
    drawn = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2)
    numbers = (drawn >> 11).astype(np.float64) * 2.0**-53
    return numbers[:, 0], numbers[:, 1]


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

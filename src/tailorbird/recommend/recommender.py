"""A recommender: learnt weights, people's histories, and the best items with their reasons."""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError, UsageError
from tailorbird.recommend import collaborative, compiled, scoring, sequence
from tailorbird.recommend.collaborative import Related
from tailorbird.recommend.interactions import (
    Flags,
    Floats,
    History,
    Interactions,
    encode,
    history,
)
from tailorbird.recommend.parameters import Parameters
from tailorbird.schema import DAY, Instant, PersonId

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT: Final = 2
_DEFAULT: Final = Parameters()
_ARRAYS: Final = (
    "related.start",
    "related.source",
    "related.weight",
    "following.start",
    "following.source",
    "following.weight",
    "popular",
    "history.people",
    "history.start",
    "history.item",
    "history.day",
    "history.weight",
    "history.bought",
    "history.visit",
)


class _Head(msgspec.Struct, frozen=True):
    """What a recommender's files hold beside arrays."""

    format: int
    parameters: Parameters
    items: tuple[str, ...]
    names: dict[str, str]
    catalogue: tuple[str, ...] | None
    trained_at: Instant


@dataclass(frozen=True)
class Recommender:
    """Recommends items to people from what they and everybody else did.

    It holds people's histories under their numbers: after an erasure keep `without` those people.
    `names` gives items the names that reasons show; `catalogue` bounds what may be recommended.
    """

    parameters: Parameters
    items: tuple[str, ...]
    related: Related
    following: Related
    popular: Floats
    history: History
    trained_at: Instant
    names: Mapping[str, str]
    catalogue: frozenset[str] | None = None

    def top(
        self,
        people: Sequence[PersonId],
        k: int,
        *,
        now: Instant,
        within: Collection[str] | None = None,
        exclude_recent_days: float | None = None,
        threads: int = 1,
    ) -> pa.Table:
        """Return up to `k` items a person: person, rank, item, score, reason, reason_code, because.

        In the order of `people`, rank 1 first. Only items in `within` (say, in stock) where it is
        given; none that the person bought in the last `exclude_recent_days`. Strangers get what
        is popular now. `reason_code` is `repeat`, `viewed`, `related` or `popular`, and `because`
        the item that a `related` one goes with. Histories reach as far as the last fit or
        `with_history`. Give up to some 100,000 people at a time: the table holds them all.
        """
        if k < 1:
            raise UsageError(f"k is {k}", where="Recommender.top", mend="ask for at least one item")
        numbers = np.asarray(people, dtype=np.int64)
        parts = compiled.ranked(
            self._scorer,
            self.history,
            self._index(numbers),
            k,
            today=now // DAY,
            allowed=self._allowed(within),
            bar_after=math.inf if exclude_recent_days is None else now / DAY - exclude_recent_days,
            compile_it=compiled.worth_it(len(numbers), len(self.items)),
            threads=threads,
        )
        return _table(self, numbers, list(parts))

    @cached_property
    def _scorer(self) -> scoring.Scorer:
        return scoring.prepare(self.parameters, self.related, self.following, self.popular)

    def with_history(self, interactions: pa.Table, *, now: Instant) -> Recommender:
        """Return it with everybody's history up to `now`, its learnt weights unchanged.

        Items that it has not learnt yet are left out until the next fit.
        """
        coded = encode(interactions)
        place = {item: at for at, item in enumerate(self.items)}
        moved = np.array([place.get(item, -1) for item in coded.items], dtype=np.int32)
        kept = moved[coded.item] >= 0
        known = Interactions(
            people=coded.people,
            items=self.items,
            person=coded.person[kept],
            item=moved[coded.item[kept]],
            at=coded.at[kept],
            quantity=coded.quantity[kept],
            kind=coded.kind[kept],
        )
        made = replace(self, history=history(known, now))
        vars(made)["_scorer"] = self._scorer  # rests on the weights alone
        return made

    def without(self, people: Collection[PersonId]) -> Recommender:
        """Return it with no trace of these people's histories, for an erasure."""
        return replace(self, history=self.history.without(people))

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: JSON and plain arrays, the same bytes for the same model."""
        catalogue = None if self.catalogue is None else tuple(sorted(self.catalogue))
        head = _Head(
            FORMAT, self.parameters, self.items, dict(self.names), catalogue, self.trained_at
        )
        files = {"recommender.json": msgspec.json.encode(head)}
        for name in _ARRAYS:
            owner, _, field = name.rpartition(".")
            files[f"{name}.npy"] = _packed(getattr(getattr(self, owner) if owner else self, field))
        return files

    def _index(self, people: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return each person's place in the history, -1 for strangers."""
        if not len(self.history.people):
            return np.full(len(people), -1)
        place = np.searchsorted(self.history.people, people)
        place = np.minimum(place, len(self.history.people) - 1)
        return np.where(self.history.people[place] == people, place, -1)

    def _allowed(self, within: Collection[str] | None) -> Flags:
        allowed = np.ones(len(self.items), bool)
        for some in (within, self.catalogue):
            if some is not None:
                chosen = set(some)
                allowed &= np.fromiter((item in chosen for item in self.items), bool, len(allowed))
        return allowed


def fit(
    interactions: pa.Table,
    items: pa.Table | None = None,
    *,
    now: Instant,
    seed: int = 0,
    parameters: Parameters = _DEFAULT,
    threads: int = 1,
) -> Recommender:
    """Return a recommender learnt from what had happened by `now`.

    `interactions` has person, item, at (us), quantity and kind (an event name); rows without a
    person and kinds that say nothing are left out, and what was given back whole does not count.
    `items` (item, name) bounds what may be recommended. `seed` draws the people who are learnt
    from where there are more than `parameters.most_people`.

    Raises:
        ModelError: a column is missing.
    """
    return train(
        encode(interactions), items, now=now, seed=seed, parameters=parameters, threads=threads
    )


def train(
    interactions: Interactions,
    items: pa.Table | None,
    *,
    now: Instant,
    seed: int,
    parameters: Parameters,
    threads: int = 1,
) -> Recommender:
    """Return what `fit` returns, from interactions that are already coded."""
    past = history(interactions, now)
    size = len(interactions.items)
    return Recommender(
        parameters=parameters,
        items=interactions.items,
        related=collaborative.learn(past, size, parameters, np.random.default_rng(seed), threads),
        following=sequence.learn(past, size, parameters, np.random.default_rng(seed)),
        popular=collaborative.popularity(past, size, parameters.popular_half_life_days),
        history=past,
        trained_at=now,
        names=_names(items, interactions.items),
        catalogue=None if items is None else frozenset(items["item"].to_pylist()),
    )


def load(files: Mapping[str, bytes]) -> Recommender:
    """Return the recommender whose `files()` these are.

    Raises:
        ModelError: a file is missing, damaged, or of a newer format.
    """
    try:
        head = msgspec.json.decode(files["recommender.json"], type=_Head)
        arrays: dict[str, Any] = {name: _unpacked(files[f"{name}.npy"]) for name in _ARRAYS}
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise ModelError(
            f"the files cannot be read ({error})", where="recommender", mend="train it again"
        ) from error
    if head.format != FORMAT:
        raise ModelError(
            f"format {head.format} is not {FORMAT}", where="recommender", mend="train it again"
        )
    parts = {
        owner: {
            name.partition(".")[2]: array
            for name, array in arrays.items()
            if name.startswith(f"{owner}.")
        }
        for owner in ("related", "following", "history")
    }
    return Recommender(
        parameters=head.parameters,
        items=head.items,
        related=Related(**parts["related"]),
        following=Related(**parts["following"]),
        popular=arrays["popular"],
        history=History(**parts["history"]),
        trained_at=head.trained_at,
        names=head.names,
        catalogue=None if head.catalogue is None else frozenset(head.catalogue),
    )


def _names(items: pa.Table | None, known: Sequence[str]) -> dict[str, str]:
    if items is None or "name" not in items.column_names:
        return {}
    wanted = set(known)
    pairs = zip(items["item"].to_pylist(), items["name"].to_pylist(), strict=True)
    return {item: name for item, name in pairs if name and item in wanted}


def _packed(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _unpacked(content: bytes) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _table(
    model: Recommender, people: npt.NDArray[np.int64], parts: Sequence[scoring.Ranked]
) -> pa.Table:
    import pyarrow as pa

    item = np.concatenate([part.item for part in parts])
    filled = item >= 0
    row, column = np.nonzero(filled)
    code, because = (
        np.concatenate(column)[filled] for column in zip(*map(_reasons, parts), strict=True)
    )
    words = pa.array(model.items, pa.string())
    items = words.take(pa.array(item[filled]))
    source = words.take(pa.array(because, mask=because < 0))
    return pa.table(
        {
            "person": people[row],
            "rank": (column + 1).astype(np.int32),
            "item": items,
            "score": np.concatenate([part.score for part in parts])[filled],
            "reason": _sentences(model, code, because),
            "reason_code": pa.array(REASONS).take(pa.array(code)),
            "because": source,
        }
    )


REASONS: Final = ("repeat", "viewed", "popular", "related")
_SENTENCES: Final = ("you bought it before", "you looked at it", "popular now")
_REPEAT, _VIEWED, _POPULAR, _RELATED = range(4)


def _reasons(part: scoring.Ranked) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (index into REASONS, source item or -1) of every cell."""
    own = np.where(part.bought, _REPEAT, _VIEWED)
    related = (part.related > part.own) & (part.because >= 0)
    code = np.where(related, _RELATED, np.where(part.own > 0, own, _POPULAR))
    return code, np.where(related, part.because, -1)


def _sentences(
    model: Recommender, code: npt.NDArray[np.int64], because: npt.NDArray[np.int64]
) -> pa.Array:
    import pyarrow as pa

    goes = [f"goes with {model.names.get(item, item)}" for item in model.items]
    words = pa.array([*_SENTENCES, *goes], pa.string())
    return words.take(pa.array(np.where(code == _RELATED, len(_SENTENCES) + because, code)))

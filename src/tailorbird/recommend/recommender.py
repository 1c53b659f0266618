"""A recommender: learnt weights, people's histories, and the best items with their reasons."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import UsageError
from tailorbird.recommend import (
    compiled,
    content_based,
    factors,
    links,
    popular,
    scoring,
    second_stage,
    shown,
    slots,
)
from tailorbird.recommend.collaborative import Related, nothing_related
from tailorbird.recommend.content_based import NOTHING_SAID, Described
from tailorbird.recommend.factors import NO_FACTORS
from tailorbird.recommend.interactions import (
    Flags,
    Floats,
    History,
    Interactions,
    Singles,
    among,
    catalogued,
    encode,
    history,
    sought,
    with_catalogue,
)
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.popular import NO_GROUPS, Groups
from tailorbird.recommend.second_stage import SecondStage, Sight
from tailorbird.recommend.stored import (
    FORMAT,
    Head,
    check_lengths,
    check_links,
    packed,
    unpacked,
)
from tailorbird.schema import DAY, Instant, PersonId

if TYPE_CHECKING:
    import pyarrow as pa

_DEFAULT: Final = Parameters()
_LINKED: Final = ("related", "following")
_ARRAYS: Final = (
    *(f"{owner}.{name}" for owner in _LINKED for name in ("start", "source", "weight")),
    *(f"history.{field.name}" for field in fields(History)),
    *(f"described.{name}" for name in ("rarity", "start", "token", "weight")),
    "popular",
    "factors",
    "groups.popular",
    "fresh",
)


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
    groups: Groups = NO_GROUPS
    described: Described = NOTHING_SAID
    fresh: Flags = field(default_factory=lambda: np.zeros(0, bool))
    factors: Singles = field(default_factory=lambda: NO_FACTORS)
    second: SecondStage | None = None
    """What reorders the first ranking; None where that stands."""

    def top(
        self,
        people: Sequence[PersonId],
        k: int,
        *,
        now: Instant,
        within: Collection[str] | Flags | None = None,
        exclude_recent_days: float | None = None,
        groups: Mapping[PersonId, str] | None = None,
        new_slots: int = 0,
        threads: int = 1,
    ) -> pa.Table:
        """Return up to `k` items a person: person, rank, item, score, reason, reason_code, because.

        In the order of `people`, rank 1 first. Only items in `within` (say, in stock) where it is
        given, by name or as a flag for each of `items`; none that the person bought in the last
        `exclude_recent_days`. Strangers get what is popular now, in their group where `groups`
        names one of the fit. The last `new_slots` places go to items that few people know yet,
        where something leads the person to enough.

        `reason_code` is `repeat`, `viewed`, `related` or `popular`, and `because` the item that a
        `related` one goes with. Histories reach as far as the last fit or `with_history`. Give up
        to some 100,000 people at a time: the table holds them all.
        """
        if k < 1:
            raise UsageError(f"k is {k}", where="Recommender.top", mend="ask for at least one item")
        numbers = np.asarray(people, dtype=np.int64)
        places = (self._index(numbers), self.groups.rows(people, groups))
        allowed = self._allowed(within)
        bar_after = math.inf if exclude_recent_days is None else now / DAY - exclude_recent_days

        def ranked(most: int, items: Flags) -> scoring.Ranked:
            return self._ranked(places, most, items, now, bar_after, threads)

        best = ranked(k, allowed)
        if new_slots > 0 and self.fresh.any():
            best = slots.with_new(best, ranked(min(new_slots, k), allowed & self.fresh), self.fresh)
        return shown.table(self.items, self.names, numbers, best)

    def _ranked(
        self,
        places: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
        k: int,
        allowed: Flags,
        now: Instant,
        bar_after: float,
        threads: int,
    ) -> scoring.Ranked:
        """Return the `k` best of `allowed`; `places` are the people's in history and in groups."""
        people, group = places
        parts = compiled.ranked(
            self._scorer,
            self.history,
            people,
            max(k, second_stage.CANDIDATES) if self.second else k,
            today=now // DAY,
            allowed=allowed,
            bar_after=bar_after,
            group=group,
            compile_it=compiled.worth_it(len(people), len(self.items)),
            threads=threads,
        )
        found = scoring.joined(list(parts))
        if self.second is None:
            return found
        sight = Sight(self.history, self.parameters, self.popular, self.second.habits, now // DAY)
        return second_stage.reordered(found, sight, self.second, k)

    @cached_property
    def _scorer(self) -> scoring.Scorer:
        return scoring.prepare(
            self.parameters,
            self.related,
            self.following,
            self.popular,
            self.groups,
            self.factors,
        )

    @cached_property
    def _place(self) -> Mapping[str, int]:
        """Return where each item stands: made once, for histories are given to one model often."""
        return {item: at for at, item in enumerate(self.items)}

    @cached_property
    def _listed(self) -> Flags:
        """Return which items the catalogue has: made once, for many are asked about."""
        if self.catalogue is None:
            return np.ones(len(self.items), bool)
        return among(self.items, self.catalogue)

    def with_history(self, interactions: pa.Table, *, now: Instant) -> Recommender:
        """Return it with everybody's history up to `now`, its learnt weights unchanged.

        Items that it has not learnt yet are left out until the next fit.
        """
        coded = encode(interactions)
        moved = np.array([self._place.get(item, -1) for item in coded.items], dtype=np.int32)
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
        for name in ("_scorer", "_place", "_listed"):  # they rest on weights and items alone
            vars(made)[name] = getattr(self, name)
        return made

    def without(self, people: Collection[PersonId]) -> Recommender:
        """Return it with no trace of these people's histories, for an erasure."""
        return replace(self, history=self.history.without(people))

    def with_items(self, items: pa.Table) -> Recommender:
        """Return it with these items recommendable, those it has not learnt by what they say.

        `items` is a table as `fit` takes it. A new item is led to by what leads to the known items
        that it is like, and by these, until the next fit knows more.
        """
        items, known = catalogued(items), set(self.items)
        new = items.filter(np.array([item not in known for item in items["item"].to_pylist()]))
        said = self.described.vectors(content_based.tokens(new))
        near = content_based.alike(self.described, said, np.flatnonzero(~self.fresh))
        whole = np.ones(new.num_rows, np.float32)
        led = content_based.bridged(self.related, near, whole, self.parameters.most_related)
        return replace(
            self,
            items=(*self.items, *new["item"].to_pylist()),
            related=content_based.longer(self.related, led),
            following=content_based.longer(self.following, nothing_related(new.num_rows)),
            popular=np.append(self.popular, np.zeros(new.num_rows)),
            groups=self.groups.longer(new.num_rows),
            described=self.described.longer(said),
            factors=np.pad(self.factors, ((0, new.num_rows if len(self.factors) else 0), (0, 0))),
            fresh=np.append(self.fresh, np.ones(new.num_rows, bool)),
            second=self.second.longer(new.num_rows) if self.second else None,
            names={**self.names, **_names(items, items["item"].to_pylist())},
            catalogue=frozenset(items["item"].to_pylist()) | (self.catalogue or known),
        )

    def reordered_by(self, second: SecondStage | None) -> Recommender:
        """Return it with a second stage that knows everybody's habits, as its history has them."""
        return replace(self, second=second.knowing(self.history) if second else None)

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: JSON and plain arrays, the same bytes for the same model."""
        head = Head(
            format=FORMAT,
            parameters=self.parameters,
            items=self.items,
            names=dict(self.names),
            catalogue=None if self.catalogue is None else tuple(sorted(self.catalogue)),
            trained_at=self.trained_at,
            groups=self.groups.names,
            vocabulary=self.described.vocabulary,
        )
        files = packed(head, {name: attrgetter(name)(self) for name in _ARRAYS})
        return files | (self.second.files() if self.second else {})

    def _index(self, people: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return each person's place in the history, -1 for strangers."""
        place, known = sought(self.history.people, people)
        return np.where(known, place, -1)

    def _allowed(self, within: Collection[str] | Flags | None) -> Flags:
        if within is None:
            return self._listed
        flags = within if isinstance(within, np.ndarray) else among(self.items, within)
        return self._listed & flags


def fit(
    interactions: pa.Table,
    items: pa.Table | None = None,
    *,
    now: Instant,
    seed: int = 0,
    parameters: Parameters = _DEFAULT,
    groups: pa.Table | None = None,
    threads: int = 1,
) -> Recommender:
    """Return a recommender learnt from what had happened by `now`.

    `interactions` has person, item, at (us), quantity and kind (an event name); rows without a
    person and kinds that say nothing are left out, and what was given back whole does not count.
    `items` (item, name, and any columns that say what an item is) bounds what may be recommended,
    and makes items known that nobody had yet. `groups` (person, group) tells whose popularity is
    counted apart. `seed` draws the people who are learnt from where there are more than
    `parameters.most_people`.

    Raises:
        ModelError: a column is missing.
    """
    coded = encode(interactions)
    return train(
        coded, items, now=now, seed=seed, parameters=parameters, groups=groups, threads=threads
    )


def train(
    interactions: Interactions,
    items: pa.Table | None,
    *,
    now: Instant,
    seed: int,
    parameters: Parameters,
    groups: pa.Table | None = None,
    threads: int = 1,
    said: Described | None = None,
    known: links.Links | None = None,
) -> Recommender:
    """Return what `fit` returns, from interactions that are already coded.

    `said` is what the items say of themselves, and `known` what goes with what and comes after it,
    where that is known already.
    """
    items, interactions = with_catalogue(items, interactions)
    past, names = history(interactions, now), interactions.items
    size = len(names)
    described = said or content_based.describe(items, names)
    related, following = known or links.learn(past, described, parameters, seed, threads)
    days = parameters.popular_half_life_days
    return Recommender(
        parameters=parameters,
        items=names,
        related=related,
        following=following,
        popular=popular.everybodys(past, size, days),
        history=past,
        trained_at=now,
        names=_names(items, names),
        catalogue=None if items is None else frozenset(items["item"].to_pylist()),
        groups=popular.by_group(past, size, days, groups),
        described=described,
        fresh=content_based.fresh(past, size),
        factors=factors.learn(past, size, parameters, np.random.default_rng(seed)),
    )


def load(files: Mapping[str, bytes]) -> Recommender:
    """Return the recommender whose `files()` these are.

    Raises:
        ModelError: a file is missing, damaged, or of another format.
    """
    head, arrays = unpacked(files, _ARRAYS)
    parts: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        owner, _, part = name.rpartition(".")
        parts.setdefault(owner, {})[part] = array
    made = Recommender(
        parameters=head.parameters,
        items=head.items,
        related=Related(**parts["related"]),
        following=Related(**parts["following"]),
        popular=arrays["popular"],
        history=History(**parts["history"]),
        trained_at=head.trained_at,
        names=head.names,
        catalogue=None if head.catalogue is None else frozenset(head.catalogue),
        groups=Groups(head.groups, arrays["groups.popular"]),
        described=Described(head.vocabulary, **parts["described"]),
        fresh=arrays["fresh"],
        factors=arrays["factors"],
        second=second_stage.load(files, len(head.items)),
    )
    _check(made)
    return made


def _check(made: Recommender) -> None:
    """Return when the arrays fit together.

    Raises:
        ModelError: they do not.
    """
    items, past, said = len(made.items), made.history, made.described
    for name, found in (("related", made.related), ("following", made.following)):
        check_links(name, found.start, found.source, items, items)
        check_lengths(name, len(found.source), found.weight)
    check_links("history", past.start, past.item, len(past.people), items)
    check_lengths("history", len(past.item), past.day, past.weight, past.bought, past.visit)
    check_lengths("popular", items, made.popular, made.fresh, *made.groups.popular)
    if len(made.factors):
        check_lengths("factors", items, made.factors)
    check_lengths("groups", len(made.groups.names), made.groups.popular)
    check_links("described", said.start, said.token, items, len(said.vocabulary))
    check_lengths("described", len(said.token), said.weight)
    check_lengths("described", len(said.vocabulary), said.rarity)


def _names(items: pa.Table | None, known: Sequence[str]) -> dict[str, str]:
    if items is None or "name" not in items.column_names:
        return {}
    wanted = set(known)
    pairs = zip(items["item"].to_pylist(), items["name"].to_pylist(), strict=True)
    return {item: name for item, name in pairs if name and item in wanted}

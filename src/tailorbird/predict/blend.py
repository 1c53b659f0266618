"""Several models as one: the mean of what they say, or a logistic that weighs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.predict.algorithms import Algorithm, Fitted, Generator, Task
from tailorbird.predict.effects import Effects, Link, logit, sigmoid
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "blend.json"
FOLDS: Final = 5


class Head(msgspec.Struct, frozen=True):
    """What is kept beside the members: which kind, and how much each counts."""

    rule: str
    link: Link
    weights: tuple[float, ...]
    intercept: float = 0.0


class Blended(msgspec.Struct, frozen=True):
    """Members and what each counts; a stack adds on the scale of the link, a blend as they are."""

    head: Head
    members: tuple[Fitted, ...]

    @property
    def rule(self) -> str:
        """Return blend or stack."""
        return self.head.rule

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that any member reads."""
        return tuple(dict.fromkeys(name for each in self.members for name in each.reads))

    def estimates(self, features: pa.Table) -> Floats:
        """Return the weighted sum of what the members say."""
        said = np.stack([each.estimates(features) for each in self.members], axis=1)
        return weighed(said, self.head)

    def effects(self, features: pa.Table) -> Effects:
        """Return the members' effects by the same weights; near, for means do not add up in logs.

        Members of different links are brought to the unit of the value.
        """
        found = [each.effects(features) for each in self.members]
        alike = len({each.link for each in found}) == 1
        names = tuple(dict.fromkeys(name for each in found for name in each.names))
        place = {name: at for at, name in enumerate(names)}
        shift = np.zeros((features.num_rows, len(names)))
        for member, effects, weight in zip(self.members, found, self.head.weights, strict=True):
            own = effects.shift
            if not alike and effects.link == "log":
                own = member.estimates(features)[:, None] * (1 - np.exp(-own))
            shift[:, [place[name] for name in effects.names]] += weight * own
        together = {name: of for each in found for name, of in each.together.items()}
        return Effects(names, shift, found[0].link if alike else "identity", together)

    def files(self) -> dict[str, bytes]:
        """Return a JSON head, and the members' files in folders by number."""
        kept = {HEAD: msgspec.json.encode(self.head)}
        for number, member in enumerate(self.members):
            kept |= {f"{number}/{name}": content for name, content in member.files().items()}
        return kept


class Blend(msgspec.Struct, frozen=True):
    """The mean of several algorithms: of good ones about as good as the best, and steadier."""

    members: tuple[Algorithm, ...]
    name: str = "blend"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Blended:
        """Return the fitted members with equal weights."""
        fitted = tuple(
            each.fit(features, outcome, task=task, rng=rng, weights=weights)
            for each in self.members
        )
        return mean_of(fitted, task)


class Stack(msgspec.Struct, frozen=True):
    """Weighs members by a regression on what each says of rows that it did not learn from.

    Costs a fit a fold and member more than a blend, and has won nothing where we measured it.
    """

    members: tuple[Algorithm, ...]
    name: str = "stack"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Blended:
        """Return the members fitted on all rows, with the weights found out of fold."""
        once = np.ones(len(outcome)) if weights is None else weights
        fold = rng.permutation(len(outcome)) % FOLDS
        said = np.zeros((len(outcome), len(self.members)))
        for number in range(FOLDS):
            learn, rest = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            held = features.take(rest)
            for at, each in enumerate(self.members):
                part = features.take(learn)
                kept = each.fit(part, outcome[learn], task=task, rng=rng, weights=once[learn])
                said[rest, at] = kept.estimates(held)
        fitted = tuple(
            each.fit(features, outcome, task=task, rng=rng, weights=once) for each in self.members
        )
        return Blended(_stacked(said, outcome, once, task), fitted)


def mean_of(members: tuple[Fitted, ...], task: Task) -> Blended:
    """Return models that are fitted already as one, each counting the same."""
    link: Link = "logit" if task == "classification" else "identity"
    share = 1 / len(members)
    return Blended(Head("blend", link, (share,) * len(members)), members)


def weighed(said: Floats, head: Head) -> Floats:
    """Return the members' columns as one, by their weights."""
    weights = np.array(head.weights)
    if head.rule == "stack" and head.link == "logit":
        return sigmoid(head.intercept + logit(said) @ weights)
    return np.asarray(head.intercept + said @ weights)


def _stacked(said: Floats, outcome: Floats, once: Floats, task: Task) -> Head:
    """Return the weights of a lightly held regression of the outcome on what members say."""
    from tailorbird.predict import train

    if task == "classification":
        found = train.plain(logit(said), outcome, once, penalty=1.0, link="logit")
        return Head("stack", "logit", tuple(found[1:].tolist()), float(found[0]))
    found = train.plain(said, outcome, once, penalty=1e-6, link="identity")
    return Head("stack", "identity", tuple(found[1:].tolist()), float(found[0]))

"""A trained model as it serves, and its files: JSON heads, LightGBM's text, arrays; no pickle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from tailorbird.errors import ModelError
from tailorbird.predict import blend, boosted, buyer, neural, onnx, propensity, remote, rules
from tailorbird.predict.algorithms import Fitted, Task
from tailorbird.predict.calibrate import Calibration
from tailorbird.predict.effects import Effects
from tailorbird.predict.heads import MEND, read_head
from tailorbird.predict.propensity import PERSON, Floats, Propensity
from tailorbird.predict.telling import told
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "model.json"
FORMAT: Final = 1


class Scorer(Protocol):
    """What `judge` gives and `load` reads: anything that scores people."""

    @property
    def rule(self) -> str:
        """Return what serves: an algorithm, or a naive rule."""

    @property
    def horizon_days(self) -> int:
        """Return how far ahead it looks."""

    @property
    def trained_at(self) -> Instant:
        """Return when it was trained."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""

    def score(self, features: pa.Table, *, reasons: bool = True, currency: str = "") -> pa.Table:
        """Return person, probability (or value), and top_reason unless it is not asked for.

        Values, and traits that are money, are minor units of the currency.
        """

    def estimates(self, features: pa.Table) -> Floats:
        """Return the probabilities, or values, alone."""

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each trait moves each row."""

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads."""


class Head(msgspec.Struct, frozen=True):
    """What is kept beside the files of what was fitted."""

    horizon_days: int
    trained_at: Instant
    task: Task
    calibration: Calibration | None = None
    format: int = FORMAT


class Model(msgspec.Struct, frozen=True):
    """What an algorithm has learnt, with its horizon and, where it helps, its calibration."""

    head: Head
    fitted: Fitted

    @property
    def rule(self) -> str:
        """Return the algorithm."""
        return self.fitted.rule

    @property
    def horizon_days(self) -> int:
        """Return how far ahead it looks."""
        return self.head.horizon_days

    @property
    def trained_at(self) -> Instant:
        """Return when it was trained."""
        return self.head.trained_at

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return self.fitted.reads

    def score(self, features: pa.Table, *, reasons: bool = True, currency: str = "") -> pa.Table:
        """Return person, probability (or value) and top_reason, in the order of `features`.

        Reasons cost many times the scores: leave them out where a million people are scored.

        Raises:
            ModelError: a trait that the model was trained on is missing.
        """
        import pyarrow as pa

        name = "probability" if self.head.task == "classification" else "value"
        said = self.estimates(features)
        scored = {PERSON: features[PERSON], name: said}
        if reasons:
            top = told(self.effects(features), said, features, most=1, currency=currency)
            scored["top_reason"] = pa.array(top.words, pa.string())
        return pa.table(scored)

    def estimates(self, features: pa.Table) -> Floats:
        """Return the probabilities, or values, alone."""
        said = self.fitted.estimates(features)
        return said if self.head.calibration is None else self.head.calibration.mend(said)

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each trait moves each row."""
        return self.fitted.effects(features)

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads."""
        return {HEAD: msgspec.json.encode(self.head), **self.fitted.files()}


_READERS: Final[dict[str, Callable[[Mapping[str, bytes]], Fitted]]] = {
    "propensity.json": propensity.load,
    boosted.HEAD: boosted.load,
    buyer.HEAD: buyer.load,
    rules.HEAD: rules.load,
    neural.HEAD: neural.load,
    onnx.HEAD: onnx.load,
}


def load(files: Mapping[str, bytes], ask: remote.Ask | None = None) -> Scorer:
    """Return the model whose `files()` these are; `ask` reaches those that stand elsewhere.

    Raises:
        ModelError: a file is missing, damaged, or of a newer format.
    """
    if HEAD not in files:
        return propensity.load(files)
    found = read_head(files, HEAD, Head, "the head")
    if found.format != FORMAT:
        raise ModelError(f"format {found.format} is not {FORMAT}", where=HEAD, mend=MEND)
    return Model(found, fitted(files, ask))


def from_outside(files: Mapping[str, bytes]) -> bool:
    """Return whether a model was trained elsewhere, so that it cannot be trained again here."""
    return onnx.HEAD in files or remote.HEAD in files


def stands_elsewhere(files: Mapping[str, bytes]) -> bool:
    """Return whether a model, or a member of it, is asked at an address."""
    return any(name.rpartition("/")[2] == remote.HEAD for name in files)


def fitted(files: Mapping[str, bytes], ask: remote.Ask | None = None) -> Fitted:
    """Return what an algorithm has learnt, by the head that is among the files.

    Raises:
        ModelError: there is none that is known, or it is damaged.
    """
    if blend.HEAD in files:
        return _blended(files, ask)
    if remote.HEAD in files:
        return remote.load(files, ask)
    for name, read in _READERS.items():
        if name in files:
            return read(files)
    raise ModelError("the files hold no model that is known here", where="models", mend=MEND)


def _blended(files: Mapping[str, bytes], ask: remote.Ask | None) -> Fitted:
    weighed = read_head(files, blend.HEAD, blend.Head, "the blend")
    members = []
    for number in range(len(weighed.weights)):
        folder = f"{number}/"
        own = {n.removeprefix(folder): c for n, c in files.items() if n.startswith(folder)}
        members.append(fitted(own, ask))
    return blend.Blended(weighed, tuple(members))


def served(
    found: Fitted,
    *,
    horizon_days: int,
    now: Instant,
    task: Task,
    calibration: Calibration | None = None,
) -> Scorer:
    """Return what was fitted as it serves; a plain propensity stays the one file that it is."""
    if isinstance(found, Propensity) and calibration is None:
        return msgspec.structs.replace(found, horizon_days=horizon_days, trained_at=now)
    return Model(Head(horizon_days, now, task, calibration), found)

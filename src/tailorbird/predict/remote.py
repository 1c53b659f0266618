"""Models of others that are asked over the network: what is posted, and what must come back.

No person is named: rows are in order, and the answers come in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.algorithms import Task
from tailorbird.predict.effects import Effects, Link
from tailorbird.predict.heads import read_head
from tailorbird.predict.occlusion import occluded, typical
from tailorbird.predict.onnx import check_sample, checked, in_parts
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "remote.json"
PLACE: Final = "the model at its address"
AT_ONCE: Final = 1_000

Ask: TypeAlias = Callable[[str, bytes], bytes]
"""Posts a JSON body to an address and returns the JSON that is answered.

Raises ModelError when nobody answers. Rooms make no requests: the story gives this.
"""


class Asked(msgspec.Struct, frozen=True):
    """What is posted: the traits' names, and each person's values in that order, null for gaps."""

    model: str
    features: tuple[str, ...]
    rows: list[list[Any]]


class Answered(msgspec.Struct, frozen=True):
    """What must come back: a score a row."""

    scores: list[float]


class Remote(msgspec.Struct, frozen=True):
    """A model at an address."""

    model: str
    url: str
    traits: tuple[str, ...]
    link: Link
    usual: tuple[float | str | None, ...] = ()
    ours: bool = False
    """Whether the address is the operator's own: then nothing is shared with anybody."""
    rule: str = "remote"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that are posted."""
        return self.traits

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return {HEAD: msgspec.json.encode(self)}


class Reached(msgspec.Struct, frozen=True):
    """A model at an address, and how it is asked."""

    at: Remote
    ask: Ask

    @property
    def rule(self) -> str:
        """Return that it is asked over the network."""
        return self.at.rule

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that are posted."""
        return self.at.traits

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability, or value.

        Raises:
            ModelError: nobody answers, or not with one fitting number a row.
        """
        return in_parts(self._said, features, AT_ONCE)

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each row falls when a trait is taken for the usual one."""
        return occluded(self.estimates, features, self.reads, self.at.usual, self.at.link)

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return self.at.files()

    def _said(self, features: pa.Table) -> Floats:
        missing = set(self.reads) - set(features.column_names)
        if missing:
            raise _refused(f"the traits {sorted(missing)} are missing", "score with what it reads")
        columns = [_plain(features[name].to_pylist()) for name in self.reads]
        rows = [list(row) for row in zip(*columns, strict=True)]
        body = msgspec.json.encode(Asked(self.at.model, self.reads, rows))
        answer = self.ask(self.at.url, body)
        try:
            scores = msgspec.json.decode(answer, type=Answered).scores
        except msgspec.DecodeError as error:
            mend = 'answer {"scores": [0.1, ...]}, one a row'
            raise _refused(f"the answer cannot be read ({error})", mend) from error
        return checked(np.array(scores, np.float64), len(rows), self.at.link)


class Unreached(msgspec.Struct, frozen=True):
    """A model at an address where nothing may be posted: it says so when it is asked."""

    at: Remote

    @property
    def rule(self) -> str:
        """Return that it is asked over the network."""
        return self.at.rule

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that are posted."""
        return self.at.traits

    def estimates(self, features: pa.Table) -> Floats:
        """Raise that it cannot be asked here."""
        raise _refused("it is asked over the network, which is not done here", "train one here")

    def effects(self, features: pa.Table) -> Effects:
        """Raise the same."""
        return Effects(self.reads, self.estimates(features), self.at.link)

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return self.at.files()


def bring(
    model: str,
    url: str,
    traits: tuple[str, ...],
    sample: pa.Table,
    *,
    task: Task,
    ask: Ask,
    ours: bool = False,
) -> Reached:
    """Return a model at an address, once it has scored a sample of people.

    Raises:
        ModelError: nobody answers, or not with one fitting number a row.
    """
    link: Link = "logit" if task == "classification" else "identity"
    found = Reached(Remote(model, url, traits, link, typical(sample, traits), ours), ask)
    check_sample(found.estimates(sample), link)
    return found


def load(files: Mapping[str, bytes], ask: Ask | None = None) -> Reached | Unreached:
    """Return the model whose `files()` these are, and how it is asked.

    Raises:
        ModelError: the file is missing or damaged.
    """
    at = read_head(files, HEAD, Remote, where=PLACE, mend="bring it in again")
    return Unreached(at) if ask is None else Reached(at, ask)


def _plain(values: list[Any]) -> list[Any]:
    """Return values as JSON can say them: what is no finite number is null."""
    return [None if isinstance(each, float) and not np.isfinite(each) else each for each in values]


def _refused(what: str, mend: str) -> ModelError:
    return ModelError(what, where=PLACE, mend=mend)

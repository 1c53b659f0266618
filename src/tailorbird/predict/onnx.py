"""Models of others as ONNX: read by onnxruntime, their inputs fed from traits, one output read.

Everything that does not fit is refused when the model is brought in, not when it first scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.predict.algorithms import Task
from tailorbird.predict.effects import Effects, Link
from tailorbird.predict.matrix import Trait
from tailorbird.predict.occlusion import occluded, typical
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "onnx.json"
MODEL: Final = "model.onnx"
LARGEST_BYTES: Final = 200_000_000
AT_ONCE: Final = 50_000
_NUMBERS: Final = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
_TEXT: Final = "tensor(string)"


class Fed(msgspec.Struct, frozen=True):
    """One input of the model, and the traits that become its columns, in order."""

    name: str
    traits: tuple[str, ...]


class Foreign(msgspec.Struct, frozen=True, dict=True):
    """A model as it came, what it is fed, and which output, and which of its columns, is read.

    `unknown` stands for a number that is not known: NaN unless the model cannot read that.
    `usual` is what stands for a trait when its effect is told.
    """

    inputs: tuple[Fed, ...]
    output: str
    column: int
    link: Link
    unknown: float | None = None
    usual: tuple[float | str | None, ...] = ()
    content: bytes = b""
    rule: str = "onnx"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return tuple(dict.fromkeys(name for each in self.inputs for name in each.traits))

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability, or value.

        Raises:
            ModelError: it answers with other shapes or numbers than it says.
        """
        return in_parts(self._said, features, AT_ONCE)

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each row falls when a trait is taken for the usual one."""
        return occluded(self.estimates, features, self.reads, self.usual, self.link)

    def files(self) -> dict[str, bytes]:
        """Return a JSON head, and the model as it came."""
        head = msgspec.structs.replace(self, content=b"")
        return {HEAD: msgspec.json.encode(head), MODEL: self.content}

    def _said(self, features: pa.Table) -> Floats:
        kinds = {each.name: each.type for each in self._session.get_inputs()}
        fed = {
            each.name: _tensor(features, each, kinds[each.name], self.unknown)
            for each in self.inputs
        }
        try:
            (answer,) = self._session.run([self.output], fed)
        except Exception as error:
            raise _refused(f"the model cannot be run ({error})") from error
        return checked(
            _column(answer, self.column, features.num_rows), features.num_rows, self.link
        )

    @cached_property
    def _session(self) -> Any:
        return _opened(self.content)


def bring(
    content: bytes,
    inputs: Mapping[str, tuple[str, ...]],
    sample: pa.Table,
    *,
    task: Task,
    output: str = "",
    column: int | None = None,
    unknown: float | None = None,
) -> Foreign:
    """Return a model from outside, once it has scored a sample of people.

    `inputs` gives the traits of each input; `{"": traits}` is for a model with one input. Without
    an `output` the one called like probabilities, else the last; without a `column` the last. Of a
    value there must be one, or it must be said which.

    Raises:
        ModelError: it is no ONNX, or inputs, shapes or output do not fit, with what would.
    """
    if len(content) > LARGEST_BYTES:
        raise _refused(f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
    session = _opened(content)
    fed = _fed(session, inputs)
    link: Link = "logit" if task == "classification" else "identity"
    if task == "regression":
        _check_one_value(session, output, column)
    names = [each.name for each in session.get_outputs()]
    chosen = output or next((each for each in names if "prob" in each.lower()), names[-1])
    if chosen not in names:
        raise _refused(f"it has no output {chosen!r}", f"choose of {', '.join(names)}")
    last = -1 if column is None else column
    reads = tuple(dict.fromkeys(name for each in fed for name in each.traits))
    found = Foreign(fed, chosen, last, link, unknown, typical(sample, reads), content)
    check_sample(found.estimates(sample), link)
    return found


def load(files: Mapping[str, bytes]) -> Foreign:
    """Return the model whose `files()` these are.

    Raises:
        ModelError: a file is missing or damaged.
    """
    try:
        head = msgspec.json.decode(files[HEAD], type=Foreign)
        return msgspec.structs.replace(head, content=files[MODEL])
    except (KeyError, msgspec.DecodeError) as error:
        raise _refused(f"the files cannot be read ({error})") from error


def in_parts(ask: Callable[[pa.Table], Floats], features: pa.Table, rows: int) -> Floats:
    """Return what is said of all, so many rows asked at once."""
    parts = [ask(features.slice(at, rows)) for at in range(0, features.num_rows, rows)]
    return np.concatenate([np.zeros(0), *parts])


def checked(said: Floats, rows: int, link: Link) -> Floats:
    """Return what a model from outside answered.

    Raises:
        ModelError: an answer is missing, is no number, or is no probability or value.
    """
    if said.shape != (rows,):
        raise _refused(f"it answered {said.shape} for {rows} people", "one score a person")
    if not np.isfinite(said).all():
        mend = "let it read gaps, or say what stands for an unknown number"
        raise _refused("it answered with what is no number", mend)
    if link == "logit" and rows and (said.min() < -1e-6 or said.max() > 1 + 1e-6):
        what = f"it answered {said.min():.3g} to {said.max():.3g}, which are no probabilities"
        raise _refused(what, "choose the output and the column that hold them")
    if link == "identity" and rows and said.min() < 0:
        what = f"it answered {said.min():.6g}, and no value is below 0"
        raise _refused(what, "let it predict what orders will be worth, 0 for nothing")
    return np.clip(said, 0.0, 1.0) if link == "logit" else said


def check_sample(said: Floats, link: Link) -> None:
    """Return when what was answered for a sample can be probabilities, or values in minor units.

    Raises:
        ModelError: they are labels, or shares where values are asked for.
    """
    if not len(said):
        return
    if link == "logit" and np.isin(said, (0.0, 1.0)).all():
        mend = "choose the output and the column that hold probabilities"
        raise _refused("it answered 0 and 1 alone, which are labels", mend)
    if link == "identity" and said.max() <= 1:
        what = f"it answered {said.min():.3g} to {said.max():.3g}: labels or shares, and no values"
        raise _refused(what, "let it predict money in minor units, 1250 for 12.50")


def _check_one_value(session: Any, output: str, column: int | None) -> None:
    """Return when it is said, or clear, which output and which column hold a value."""
    outputs = {each.name: each for each in session.get_outputs()}
    if not output and len(outputs) > 1:
        mend = "say by `output` which of them holds the value"
        raise _refused(f"it has the outputs {', '.join(outputs)}", mend)
    shape = outputs[output].shape if output in outputs else next(iter(outputs.values())).shape
    width = shape[1] if shape is not None and len(shape) == 2 else 1
    if column is None and isinstance(width, int) and width > 1:
        mend = "say by `column` which of them holds the value, 0 for the first"
        raise _refused(f"its output has {width} columns", mend)


def _opened(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        what = "the library onnxruntime is not installed"
        raise _refused(what, "install tailorbird[onnx]") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        first = str(error).splitlines()[0]
        raise _refused(f"this is no model that can be read ({first})") from error


def _fed(session: Any, inputs: Mapping[str, tuple[str, ...]]) -> tuple[Fed, ...]:
    """Return what each input is fed, once every one is, and is as wide as its traits are many."""
    known = {each.name: each for each in session.get_inputs()}
    if set(inputs) == {""} and len(known) == 1:
        inputs = {next(iter(known)): inputs[""]}
    if set(inputs) != set(known):
        shown = ", ".join(f"{each.name} {each.shape}" for each in known.values())
        raise _refused(f"inputs {sorted(inputs)} are not the model's", f"its inputs are {shown}")
    for name, traits in inputs.items():
        each = known[name]
        width = each.shape[1] if len(each.shape) == 2 else 1
        if len(each.shape) > 2 or (isinstance(width, int) and width != len(traits)):
            what = f"the input {name!r} has the shape {each.shape}, not {len(traits)} columns"
            raise _refused(what, "name as many traits, in the order of the training")
        if each.type not in (*_NUMBERS, _TEXT):
            raise _refused(f"the input {name!r} is a {each.type}", "numbers and texts are fed")
    return tuple(Fed(name, tuple(traits)) for name, traits in inputs.items())


def _tensor(features: pa.Table, fed: Fed, kind: str, unknown: float | None) -> npt.NDArray[Any]:
    """Return an input's columns, as the type that it takes."""
    if kind == _TEXT:
        columns = [["" if v is None else str(v) for v in _own(features, n)] for n in fed.traits]
        return np.array(columns, dtype=object).T.reshape(features.num_rows, len(fed.traits))
    for name in fed.traits:
        _check_number(features, name)
    rows = np.stack([Trait(name).read(features) for name in fed.traits], axis=1)
    wanted = _NUMBERS[kind]
    if unknown is not None or not np.issubdtype(wanted, np.floating):
        rows = np.where(np.isnan(rows), unknown or 0.0, rows)
    return rows.astype(wanted)


def _check_number(features: pa.Table, name: str) -> None:
    """Return when no text is fed where the model takes numbers."""
    import pyarrow as pa

    if name in features.column_names and pa.types.is_string(features[name].type):
        what = f"the trait {name!r} is no number here, and the model takes one"
        raise _refused(what, "look whether it is spelt rightly, or feed another trait")


def _own(features: pa.Table, name: str) -> list[Any]:
    if name not in features.column_names:
        raise _refused(f"the trait {name!r} is missing", "score with the traits that it is fed")
    values: list[Any] = features[name].to_pylist()
    return values


def _column(answer: Any, column: int, rows: int) -> Floats:
    """Return one column of an answer: an array, or a list of {class: probability}."""
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        answer = [list(each.values()) for each in answer]
    try:
        found = np.asarray(answer, np.float64)
        return found.reshape(rows) if found.size == rows else found[:, column]
    except (ValueError, IndexError, TypeError) as error:
        raise _refused(f"the output cannot be read ({error})", "choose another one") from error


def _refused(what: str, mend: str = "export it again") -> ModelError:
    return ModelError(what, where="the model from outside", mend=mend)

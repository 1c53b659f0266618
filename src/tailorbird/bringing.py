"""Bringing in models that were trained elsewhere: as ONNX, or at an address that is asked.

They foretell a probability, or a value in minor units. They are judged as ours are, on the last
window and beside the naive rule, before they serve; what does not clearly win (the 95 % interval of
its gain above zero) is kept with its card, and the rule serves. Unlike ours they may have seen that
window: only who trained them knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tailorbird import asking, drifting, learning, model_kinds, posting, predict, segments, serving
from tailorbird.errors import DefinitionError, ModelError, UsageError
from tailorbird.learning_texts import WantedModel
from tailorbird.model_cards import ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.model_record import Turn, TurnHow
from tailorbird.schema import Instant
from tailorbird.segments import parse_counts
from tailorbird.segments.reader import Reader
from tailorbird.traits.parametrised import parametrised
from tailorbird.traits.registry import TRAITS
from tailorbird.world import World
from tailorbird.yaml_text import Document

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.predict.algorithms import Task

SAMPLE: Final = 200
"""People on whom a model is tried before it is judged."""

Brought: TypeAlias = "Callable[[pa.Table, Task], predict.Fitted]"
"""Gives a model once it has scored a sample of what it is to foretell."""


def onnx(
    world: World,
    name: str,
    file: Path,
    inputs: Mapping[str, tuple[str, ...]],
    now: Instant,
    *,
    output: str = "",
    column: int | None = None,
    unknown: float | None = None,
) -> ModelCard:
    """Judge an ONNX file as the model of this name, and keep it as its next version.

    `inputs` gives the traits of each input, `{"": traits}` where there is one. `unknown` stands for
    a number that is not known, where the model cannot read gaps.

    Raises:
        UsageError: there is no such file, or the target is neither a probability nor a value.
        ModelError: traits, inputs, shapes or output do not fit, with what would.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        mend = "name an ONNX file"
        raise UsageError(f"{file} cannot be read ({error.strerror})", mend=mend) from error

    def brought(sample: pa.Table, task: Task) -> predict.Fitted:
        return predict.bring_onnx(
            content,
            inputs,
            sample,
            task=task,
            output=output,
            column=column,
            unknown=unknown,
        )

    traits = tuple(trait for each in inputs.values() for trait in each)
    return _judged(world, name, traits, brought, now)


def address(
    world: World, name: str, url: str, traits: tuple[str, ...], now: Instant, *, ours: bool
) -> ModelCard:
    """Judge what answers at an address as the model of this name, and keep it likewise.

    What is posted names nobody, but it is about people: `ours` says that whoever runs the address
    does so for the operator, as a processor of hers.

    Raises:
        UsageError: nobody said whose the address is, or the address is none.
        ModelError: a trait is unknown, or it does not answer with one fitting number a row.
    """
    if not ours:
        what = "what is known of people is shared with whoever runs this address"
        mend = "say that it is yours, or a processor's of yours"
        raise UsageError(what, where=url, mend=mend)
    posting.checked(url, world.settings.hooks_out)
    ask = asking.ask_of(world, now)
    if ask is None:
        raise ModelError("this process asks nobody", where=url, mend="ask on the main machine")

    def brought(sample: pa.Table, task: Task) -> predict.Fitted:
        return predict.bring_address(name, url, traits, sample, task=task, ask=ask, ours=ours)

    return _judged(world, name, traits, brought, now)


def _judged(
    world: World, name: str, traits: tuple[str, ...], brought: Brought, now: Instant
) -> ModelCard:
    """Return the card of a model that is judged by the definition of this name, and kept."""
    asked = _asked(world, name, traits)
    _check_traits(world, traits)
    past = Past(world, asked, trainees(world, now))
    task: Task = "classification" if asked.yes_or_no else "regression"
    model = brought(past.features(now).slice(0, SAMPLE), task)
    files, card = model_kinds.outside(past, model, now)
    files |= {learning.ASKED: msgspec.json.encode(asked)}
    if asked.yes_or_no:
        files |= drifting.baseline_files(past, files, now, None)
    champion = serving.version(world, name)
    kept = learning.keep(world, name, files, card)
    if kept.serves or not champion:
        how: TurnHow = "promoted" if champion else "first"
        serving.turn(world, name, kept.version, how, f"brought in. {kept.why}", now)
    elif kept.version != champion:
        why = f"brought in, and kept beside the champion. {kept.why}"
        world.model_record.turn(Turn(name, champion, kept.version, "kept", now, "", why))
    return kept


def _check_traits(world: World, traits: tuple[str, ...]) -> None:
    """Return when everything that a model from outside reads is known here, as segments know it.

    Raises:
        ModelError: nobody has ever said such a trait, or sent the event that it counts.
    """
    said = segments.vocabulary(world.facts)
    known = msgspec.structs.replace(said, complete=bool(said.events))
    reader = Reader(Document("", {}), known)
    for name in traits:
        try:
            if spelt := parametrised(name):
                parse_counts.event(reader, spelt.event, ())
            else:
                reader.known("trait", name, TRAITS.keys() | known.traits, ())
        except DefinitionError as error:
            raise ModelError(error.what, mend=error.mend) from None


def _asked(world: World, name: str, traits: tuple[str, ...]) -> WantedModel:
    """Return what is wanted of a model, with the traits that the one from outside reads."""
    asked = learning.wanted(world, name)
    if not asked.yes_or_no and asked.foretells != "value":
        what = f"{name!r} predicts {asked.foretells!r}, which no model from outside is asked for"
        mend = "bring a model of what people do, such as churn, or of what their orders are worth"
        raise UsageError(what, mend=mend)
    own = asked.meaning.features if asked.features is None else asked.features
    return msgspec.structs.replace(asked, features=tuple(dict.fromkeys([*traits, *own])))

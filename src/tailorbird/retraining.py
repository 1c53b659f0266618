"""The life of models: trained anew by schedule or by drift, and served only by not losing.

A newly trained version is the challenger of the one that serves, the champion. Both are held to the
latest window, which neither has seen: the challenger's definition is trained as of its beginning,
and so is the champion's where it has seen it. The challenger serves unless it is surely worse: a
fresh refit ties or beats what is older. What somebody rolled back to yields only to a sure win.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import numpy as np

from tailorbird import drifting, exposing, learning, predict, serving
from tailorbird.drifting import Looked
from tailorbird.errors import ModelError, TailorbirdError, UsageError
from tailorbird.learning_on import LANE
from tailorbird.learning_texts import WantedModel
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.model_record import Turn, TurnHow
from tailorbird.predict.drift import DriftReport
from tailorbird.recalculating import due
from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.world import World

CHAMPION: Final = "champion"
LEAST_POSITIVES: Final = 20
"""Fewer outcomes, or fewer people without, tell two models apart by chance alone."""


class Version(msgspec.Struct, frozen=True):
    """What a training made, and what became of it."""

    card: ModelCard
    turn: Turn
    contest: Measure | None = None
    """AUC of the challenger beside that of the champion, where the two were held to a window."""


def learn(world: World, now: Instant, names: Sequence[str] | None = None) -> list[ModelCard]:
    """Train, judge and keep models; have those serve that do not lose; score everybody.

    Without names: those that an author wants, those that are trained without being asked for, and
    those that were trained before; but for those of which it cannot be read what is wanted.

    Raises:
        UsageError: nobody wants a model of one of these names, and none comes with Tailorbird.
        DefinitionError: it cannot be read what is wanted of one of these names.
    """
    if names is None:
        refused = learning.refused(world)
        names = [name for name in learning.standing(world) if name not in refused]
    asked = [learning.wanted(world, name) for name in names]
    allowed = trainees(world, now)
    made = [retrain(world, each, allowed, now) for each in asked]
    for each in asked:
        learning.score(world, now, each.name)
    if any(each.name == learning.RECOMMENDER for each in asked):
        exposing.run_due(world, now)
    return [each.card for each in made]


def retrain(world: World, asked: WantedModel, allowed: Sequence[PersonId], now: Instant) -> Version:
    """Train a model on these people, keep it as a new version, and have it serve or not."""
    files, card = learning.train(world, asked, allowed, now)
    past = Past(world, asked, allowed)
    if asked.yes_or_no:
        files = files | drifting.baseline_files(past, files, now, _judged_error(card))
    before = serving.served(world, asked.name)
    card = learning.keep(world, asked.name, files, card)
    if before is None:
        said = serving.turn(world, asked.name, card.version, "first", card.why, now)
        return Version(card, said)
    if before[0] == card.version:
        # The same rows and the same definition give the same bytes, which are kept once.
        known = world.model_record.turns(asked.name, 1)
        again = Turn(asked.name, card.version, 0, "first", now, "", card.why)
        return Version(card, known[0] if known else again)
    return _settled(past, now, before, card)


def _settled(
    past: Past, now: Instant, before: tuple[int, dict[str, bytes], bytes], card: ModelCard
) -> Version:
    """Hold a challenger to the champion, and keep who serves."""
    world, asked = past.world, past.asked
    champion, files, content = before
    found = None
    if asked.yes_or_no:
        theirs = learning.card_of(champion, content)
        taught = max(theirs.trained_at, theirs.learnt_until)
        found = _contest(past, now, files, taught)
    same = _recipe(learning.asked_of(world, asked.name, files)) == _recipe(asked)
    how, why = _verdict(world, asked.name, found, card, same=same)
    if how == "kept":
        said = Turn(asked.name, champion, card.version, "kept", now, "", why)
        world.model_record.turn(said)
    else:
        said = serving.turn(world, asked.name, card.version, "promoted", why, now)
    return Version(card, said, found)


def _verdict(
    world: World, name: str, found: Measure | None, card: ModelCard, *, same: bool
) -> tuple[TurnHow, str]:
    """Return whether the challenger serves, and why; `same`: its definition is the champion's."""
    held = serving.held_by(world, name)
    if found is None:
        if held is not None:
            return "kept", f"{held.author or 'somebody'} rolled back: {held.reason}"
        by = "the same definition, taught by newer rows" if same else "the definition was changed"
        return "promoted", f"{by}. {card.why}"
    figures = (
        f"AUC {found.model:.3f} against {found.naive:.3f} of the champion on the latest window "
        f"({found.interval()})"
    )
    if found.low > 0:
        return "promoted", f"it is clearly better than the champion: {figures}"
    if found.high < 0:
        return "kept", f"the challenger is clearly worse: {figures}"
    if held is not None:
        return "kept", f"it is not clearly better than what was rolled back to: {figures}"
    return "promoted", f"it is not worse than the champion, and fresher: {figures}"


def _contest(
    past: Past, now: Instant, files: dict[str, bytes], trained_at: Instant
) -> Measure | None:
    """Return how the challenger's definition fares beside the champion on the latest window.

    None where there is nothing to tell them apart by: the champion has seen the window and was
    trained by the same definition, too few people had the outcome, or one of them cannot be held
    to it.
    """
    world, asked, allowed = past.world, past.asked, past.people
    begins = now - asked.horizon * DAY
    theirs = learning.asked_of(world, asked.name, files)
    seen = trained_at > begins and not predict.from_outside(files)
    if seen and _recipe(theirs) == _recipe(asked):
        return None
    features, outcome = drifting.window(past, now)
    if min(outcome.sum(), (1 - outcome).sum()) < LEAST_POSITIVES:
        return None
    try:
        mine, _ = learning.train(world, asked, allowed, begins)
        if seen:
            files, _ = learning.train(world, theirs, allowed, begins)
        ours = drifting.scorer(world, mine, now).estimates(features)
        said = drifting.scorer(world, files, now).estimates(
            Past(world, theirs, allowed).features(begins)
        )
    except (ModelError, UsageError):
        return None
    if len(said) != len(ours):
        return None
    return drifting.compared(ours, said, outcome, CHAMPION, np.random.default_rng(asked.seed))


def _recipe(asked: WantedModel) -> WantedModel:
    """Return a definition without what does not change what is learnt."""
    return msgspec.structs.replace(asked, description="", schedule="", learns_on=False)


def _judged_error(card: ModelCard) -> float | None:
    return next((m.model for m in card.measures if m.name == drifting.CALIBRATION), None)


# -- by schedule and by drift -------------------------------------------------------------------


def run_due(world: World, now: Instant, work: Work = AT_ONCE) -> list[str]:
    """Train anew what its schedule says, or what has drifted; return the names trained.

    Only models with a `schedule` that were trained once: they are looked at for drift daily, and an
    alarm does not wait for the schedule. `work` does it: behind, it is seen at a later call.
    """
    trained = []
    for asked in learning.defined(world):
        trained_at = _trained_at(world, asked.name) if asked.schedule else None
        if trained_at is None:
            continue
        last = max(trained_at, int(world.log.progress(_trials(asked.name)) or 0))
        task = f"models:{asked.name}"
        begun = work.asked(task) or due(asked.schedule, last, now)
        if begun or _drifted(world, asked, now, work):
            again = partial(_again, world, asked.name, now)
            trained += [asked.name] if work(task, again, lane=LANE) else []
    return trained


def _trained_at(world: World, name: str) -> Instant | None:
    """Return when the latest version was trained, None before the first; read once a version."""
    number = world.models.latest(name)

    def read() -> Instant | None:
        card = learning.card(world, name)
        return card.trained_at if card else None

    return world.latest.of(f"training of {name}", number, read)


def _again(world: World, name: str, now: Instant) -> bool:
    """Train a model anew; where it cannot be, what serves goes on serving until the next time."""
    world.log.append_from(_trials(name), [], str(now))
    with suppress(TailorbirdError):
        learn(world, now, [name])
        return True
    return False


def _trials(name: str) -> str:
    return f"models-train:{name}"


def _drifted(world: World, asked: WantedModel, now: Instant, work: Work) -> bool:
    """Return whether the last look at the version that serves alarms; look once a day."""
    if not asked.yes_or_no:
        return False
    last = drifting.looked(world, asked.name)
    task = f"drift:{asked.name}"
    if work.asked(task) or due("daily", last.at if last else 0, now):
        look = partial(_look, world, asked.name, now)
        work(task, look, lane=LANE)
        last = drifting.looked(world, asked.name)
    if last is None or last.version != serving.version(world, asked.name):
        return False
    return last.report.alarm and not _tried(world, asked, last.at)


def _look(world: World, name: str, now: Instant) -> None:
    try:
        drifting.look(world, name, now)
    except (ModelError, UsageError) as error:
        # A version from before windows were kept: its schedule trains it anew.
        nothing = DriftReport(0, (), error.sentence())
        drifting.keep(world, name, Looked(now, serving.version(world, name), nothing))


def _tried(world: World, asked: WantedModel, at: Instant) -> bool:
    """Return whether it was trained since an alarm, and the champion was kept all the same."""
    card = learning.card(world, asked.name)
    return card is not None and card.trained_at >= at

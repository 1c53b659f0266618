"""Models as the pages show them: the card of what serves, every version, drift, privacy spent."""

from __future__ import annotations

from typing import Final

from tailorbird import drifting, freshening, learning, learning_on, noting, serving
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.learning_texts import LIBRARY
from tailorbird.model_record import Turn
from tailorbird.predict.drift import DriftReport
from tailorbird.readings.whole import report
from tailorbird.schema import Instant
from tailorbird.traits.registry import about
from tailorbird.views import moment
from tailorbird.views.models import (
    Drifted,
    DriftLook,
    LearnedOn,
    ModelDetail,
    ModelReport,
    ModelRow,
    ModelTurn,
    ModelVersion,
    PersonScore,
    Spent,
)
from tailorbird.world import World

MOST_VERSIONS: Final = 50


def rows(world: World) -> tuple[ModelRow, ...]:
    """Return every model that comes along, that an author wants, or that was trained, by name."""
    return tuple(_row(world, name) for name in sorted(names(world)))


def names(world: World) -> set[str]:
    """Return the names of all models that come along, that are wanted, or that were trained."""
    return {*LIBRARY, *learning.standing(world), *world.models.names()}


def detail(world: World, name: str, now: Instant) -> ModelDetail | None:
    """Return one model's page; None where none of this name comes along, is wanted or trained."""
    if name not in names(world):
        return None
    serves = serving.version(world, name)
    turns = world.model_record.turns(name)
    kept = drifting.looked(world, name)
    year = moment(now).year
    target, scheduled = _wanted(world, name)
    return ModelDetail(
        name=name,
        target=target,
        serving=serves,
        latest=world.models.latest(name),
        card=_card(world, name, serves),
        challenger=_challenger(world, name, serves),
        versions=tuple(_versions(world, name, serves, turns)),
        turns=tuple(_turn(each) for each in turns),
        drift=_look(kept) if kept else None,
        scheduled=scheduled,
        spent=tuple(
            Spent(each.what, each.epsilon, moment(each.at))
            for each in world.model_record.spends(name, year)
        ),
        learnt_on=_learnt_on(world, name),
        notes=noting.standing(world, "model", name),
        trouble=_trouble(world, name),
    )


def look(world: World, name: str, now: Instant) -> DriftLook:
    """Look at drift now, keep the answer, and return it.

    Raises:
        UsageError: the model was never trained, or keeps no window to compare with.
    """
    return _look(drifting.look(world, name, now))


def scores(kept: freshening.Scores, person: int, now: Instant) -> tuple[PersonScore, ...] | None:
    """Return what models say of a person now; None where nobody is she."""
    found = kept.of(person, now)
    if found is None:
        return None
    return tuple(
        PersonScore(
            each.model, each.version, each.value, moment(each.at), each.kept, each.reason,
            each.low, each.high, each.unit,
        )
        for each in found
    )  # fmt: skip


def _learnt_on(world: World, name: str) -> LearnedOn | None:
    kept = learning_on.looked(world, name)
    return LearnedOn(moment(kept.at), kept.learnt, kept.version, kept.why) if kept else None


def _row(world: World, name: str) -> ModelRow:
    serves = serving.version(world, name)
    kept = drifting.looked(world, name)
    target, scheduled = _wanted(world, name)
    return ModelRow(
        name=name,
        target=target,
        serving=serves,
        latest=world.models.latest(name),
        card=_card(world, name, serves),
        drifts=bool(kept and kept.report.alarm and kept.version == serves),
        scheduled=scheduled,
        trouble=_trouble(world, name),
    )


def _trouble(world: World, name: str) -> str:
    """Return why what is wanted of a model cannot be read, or nobody be scored by it; or ''."""
    return learning.refused(world).get(name) or learning.waiting(world).get(name, "")


def _wanted(world: World, name: str) -> tuple[str, str]:
    """Return what a model foretells and its schedule; of what nobody defined, its kind and none.

    The same of what somebody defined in words that cannot be read now.
    """
    try:
        wanted = learning.wanted(world, name)
    except (DefinitionError, UsageError):
        kept = learning.card(world, name)
        return kept.kind if kept else "", ""
    target = wanted.foretells
    told = target if isinstance(target, str) else f"{target.event} within {target.within}"
    return told, wanted.schedule


def _card(world: World, name: str, number: int) -> ModelReport | None:
    """Return the card of a version; None of what serves where its files were changed."""
    if number == serving.version(world, name) and serving.trouble(world, name):
        return None
    card = learning.serving_card(world, name, number) if number else None
    return report(card) if card else None


def _challenger(world: World, name: str, serves: int) -> ModelReport | None:
    latest = world.models.latest(name)
    return _card(world, name, latest) if latest > serves else None


def _versions(world: World, name: str, serves: int, turns: list[Turn]) -> list[ModelVersion]:
    said = {max(each.version, each.challenger): each for each in reversed(turns)}
    found = []
    latest = world.models.latest(name)
    for number in range(latest, max(latest - MOST_VERSIONS, 0), -1):
        card = learning.serving_card(world, name, number)
        if card is None:
            continue
        last = said.get(number)
        found.append(
            ModelVersion(
                version=number,
                trained_at=moment(card.trained_at),
                serves=number == serves,
                wins=card.serves,
                algorithm=card.algorithm or str(card.parameters.get("rule", "")),
                measures=report(card).measures,
                became=last.how if last else "",
                why=last.reason if last else card.why,
            )
        )
    return found


def _turn(turn: Turn) -> ModelTurn:
    return ModelTurn(
        turn.version, turn.challenger, turn.how, moment(turn.at), turn.author, turn.reason
    )


def _look(kept: drifting.Looked) -> DriftLook:
    return DriftLook(
        at=moment(kept.at),
        version=kept.version,
        people=kept.report.people,
        alarm=kept.report.alarm,
        why=kept.report.why,
        drifts=_drifts(kept.report),
    )


def _drifts(found: DriftReport) -> tuple[Drifted, ...]:
    return tuple(
        Drifted(
            each.kind, each.name, each.value, each.limit, each.alarm, each.says,
            about(each.name) if each.kind == "trait" else "",
        )
        for each in found.drifts
    )  # fmt: skip

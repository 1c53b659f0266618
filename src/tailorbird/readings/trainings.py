"""Trainings as programs and pages read them."""

from __future__ import annotations

from tailorbird.trainings import Training as Asked
from tailorbird.trainings import TrainingKind
from tailorbird.views import moment
from tailorbird.views.trainings import Training
from tailorbird.world import World


def latest(world: World, kind: TrainingKind, name: str) -> Training:
    """Return how far the training is that was asked for last of a kind and name."""
    found = world.training_record.latest(kind, name)
    return shown(found) if found else Training(name)


def shown(asked: Asked) -> Training:
    """Return how far a training is."""
    return Training(
        name=asked.name,
        state=asked.state,
        how=asked.how,
        asked_at=moment(asked.asked_at),
        ended_at=moment(asked.ended_at) if asked.ended_at else None,
        why=asked.why,
    )

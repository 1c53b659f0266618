"""The API of subject lines, and of whom a campaign's mail moves."""

from __future__ import annotations

from typing import Final

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import subject_lines, uplifts
from tailorbird.readings import trainings
from tailorbird.views.subjects import SubjectAdvice, SubjectModel, SubjectsAsked, TestedSubject
from tailorbird.views.trainings import Training
from tailorbird.views.uplift import CampaignUplift
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Name,
    Now,
    With,
    found,
    reads,
)
from tailorbird.web.desk import Desk

TAG: Final = "campaigns"


@post("/subjects/score", summary="Compare subject lines", tags=[TAG], status_code=200,
      responses=INVALID | WRONG | GUARDED, sync_to_thread=True)  # fmt: skip
def score_subjects(desk: At, now: Now, data: JSONBody[SubjectsAsked]) -> SubjectAdvice:
    """Return each one's chance to win, what speaks for and against it, and the test that tells.

    A winner is called only where your own tests have shown that it can be; nothing is kept.
    """
    return subject_lines.advise(desk.world, data.subjects, now)


@reads("/subjects/model", "What scores subject lines", TAG)
def get_subject_model(desk: At) -> SubjectModel:
    """Return what it has learnt from, and how often it names the winner of tests it never saw."""
    return subject_lines.standing(desk.world)


@reads("/subjects/tests", "Your tests of subject lines", TAG)
def list_subject_tests(desk: At, now: Now) -> tuple[TestedSubject, ...]:
    """Return each variant's subject that your campaigns drew, with how many it won; no machines."""
    return subject_lines.tested(desk.world, now)


@post("/subjects/learn", summary="Learn from your subject tests", tags=[TAG], status_code=200,
      responses=WRITING, **WRITES)  # fmt: skip
def learn_subjects(desk: At, now: Now) -> SubjectModel:
    """Learn anew from the tests that your campaigns' variants have made."""
    subject_lines.learn(desk.world, now)
    return subject_lines.standing(desk.world)


@reads("/campaigns/{name:str}/uplift", "Whom a campaign's mail moves", TAG, responses=MISSING)
def get_uplift(desk: At, name: Name) -> CampaignUplift:
    """Return what the latest training found by the campaign's own holdout."""
    return found(uplifts.latest(desk.world, name), f"uplift of campaign {name!r}")


@post("/campaigns/{name:str}/uplift/train", summary="Learn whom a mail moves", tags=[TAG],
      status_code=202, responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_uplift(desk: At, writer: With, name: Name) -> Training:
    """Begin to learn from the holdout, to judge, and to score everybody if it is clearly better.

    It may take minutes: ask for `/training` until it is no longer `running`.
    """
    _known(desk, name)
    return trainings.shown(desk.train("uplift", name, writer))


@reads("/campaigns/{name:str}/uplift/training", "How far that learning is", TAG, responses=MISSING)
def get_uplift_training(desk: At, name: Name) -> Training:
    """Return how far the training is that was asked for last, and why it failed."""
    _known(desk, name)
    return trainings.latest(desk.world, "uplift", name)


def _known(desk: Desk, name: str) -> None:
    found(desk.world.definitions.get("campaign", name), f"campaign {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    score_subjects,
    get_subject_model,
    list_subject_tests,
    learn_subjects,
    get_uplift,
    train_uplift,
    get_uplift_training,
]

"""The API of whom a journey moves, and whom one of its mails does."""

from __future__ import annotations

from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler

from tailorbird import letters, uplifts
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.readings import trainings
from tailorbird.views.trainings import Training
from tailorbird.views.uplift import CampaignUplift
from tailorbird.web.asking import MISSING, WRITES, WRITING, At, Name, With, found, reads
from tailorbird.web.desk import Desk
from tailorbird.web.rest_journeys import Step

TAG: Final = "journeys"
OF_JOURNEY: Final = "/journeys/{name:str}/uplift"
OF_MAIL: Final = "/journeys/{name:str}/mails/{step:str}/uplift"


@reads(OF_JOURNEY, "Whom a journey moves", TAG, responses=MISSING)
def get_journey_uplift(desk: At, name: Name) -> CampaignUplift:
    """Return what the latest training found by the journey's own holdout."""
    return found(uplifts.latest(desk.world, name + BETWEEN), f"uplift of journey {name!r}")


@post(f"{OF_JOURNEY}/train", summary="Learn whom a journey moves", tags=[TAG], status_code=202,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_journey_uplift(desk: At, writer: With, name: Name) -> Training:
    """Begin to learn from who was held out of the journey, to judge, and to score.

    It may take minutes: ask for `/training` until it is no longer `running`.
    """
    return trainings.shown(desk.train("uplift", _journey(desk, name), writer))


@reads(f"{OF_JOURNEY}/training", "How far that learning is", TAG, responses=MISSING)
def get_journey_uplift_training(desk: At, name: Name) -> Training:
    """Return how far the training is that was asked for last, and why it failed."""
    return trainings.latest(desk.world, "uplift", _journey(desk, name))


@reads(OF_MAIL, "Whom a journey's mail moves", TAG, responses=MISSING)
def get_mail_uplift(desk: At, name: Name, step: Step) -> CampaignUplift:
    """Return what the latest training found by the split that keeps some people from the mail."""
    mail = name + BETWEEN + step
    return found(uplifts.latest(desk.world, mail), f"uplift of mail {mail!r}")


@post(f"{OF_MAIL}/train", summary="Learn whom a journey's mail moves", tags=[TAG], status_code=202,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_mail_uplift(desk: At, writer: With, name: Name, step: Step) -> Training:
    """Begin to learn from the arms of a split that do not lead to the mail, to judge, to score.

    It may take minutes: ask for `/training` until it is no longer `running`.
    """
    return trainings.shown(desk.train("uplift", _mail(desk, name, step), writer))


@reads(f"{OF_MAIL}/training", "How far that learning is", TAG, responses=MISSING)
def get_mail_uplift_training(desk: At, name: Name, step: Step) -> Training:
    """Return how far the training is that was asked for last, and why it failed."""
    return trainings.latest(desk.world, "uplift", _mail(desk, name, step))


def _journey(desk: Desk, name: str) -> str:
    """Return the journey as a whole, as a training names it."""
    found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    return name + BETWEEN


def _mail(desk: Desk, name: str, step: str) -> str:
    """Return a mail of a journey, as a training names it."""
    mail = name + BETWEEN + step
    found(letters.campaigns.find(desk.world, mail), f"mail {mail!r}")
    return mail


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_journey_uplift,
    train_journey_uplift,
    get_journey_uplift_training,
    get_mail_uplift,
    train_mail_uplift,
    get_mail_uplift_training,
]

"""The API of models: what serves and why, versions, drift, fairness; training and rolling back."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import auditing, freshening, learning, serving
from tailorbird.misfits import nearest
from tailorbird.model_cards import FairnessReport
from tailorbird.readings import models, trainings
from tailorbird.views.definitions import NewVersion
from tailorbird.views.models import (
    DriftLook,
    ModelDetail,
    ModelRow,
    PersonScore,
    RollBack,
)
from tailorbird.views.sources import KeptText
from tailorbird.views.trainings import PrivateTraining, Training
from tailorbird.web.asking import (
    AT_CONSOLE,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    By,
    Name,
    Now,
    Person,
    With,
    found,
    reads,
)
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import kept

TAG: Final = "models"
Trait = Annotated[
    str, QueryParameter(max_length=200, description="A trait that tells people apart.")
]


@reads("/learning", "All models, and what serves", TAG)
def list_learnt(desk: At) -> tuple[ModelRow, ...]:
    """Return every model that comes along, is wanted or trained, with the card of what serves."""
    return models.rows(desk.world)


@reads("/models/{name:str}", "One model", TAG, responses=MISSING)
def get_model(desk: At, now: Now, name: Name) -> ModelDetail:
    """Return the card of what serves, its challenger, every version, drift, and privacy spent."""
    _known(desk, name)
    return found(models.detail(desk.world, name, now), f"model {name!r}")


@reads("/models/{name:str}/fairness", "What it does to groups", TAG, responses=MISSING | WRONG)
def get_fairness(desk: At, now: Now, name: Name, trait: Trait = "country") -> FairnessReport:
    """Return who is chosen and who is found in each group of a trait, on the latest window."""
    _known(desk, name)
    return auditing.fairness_of(desk.world, name, trait, now)


@reads("/people/{person:int}/scores", "Scores of one person", TAG, responses=MISSING)
def get_scores(desk: At, now: Now, person: Person) -> tuple[PersonScore, ...]:
    """Return what models say of a person now; nothing of who does not allow personalisation.

    A kept score holds while the person has done nothing new and the same version serves; after that
    it is reckoned for the answer, and the answer is kept.
    """
    return found(models.scores(desk.scores, person, now), f"person {person}")


@reads("/people/{person:int}/scores/{name:str}/reasons", "Why a score is what it is", TAG,
       responses=MISSING)  # fmt: skip
def get_reasons(desk: At, now: Now, person: Person, name: Name) -> tuple[str, ...]:
    """Return what moves a person's score most, the strongest first, each in words."""
    found(desk.scores.of(person, now), f"person {person}")
    _known(desk, name)
    return freshening.reasons(desk.world, name, person, now)


@post("/models", summary="Keep what is wanted of a model", tags=[TAG], responses=WRITING, **WRITES)
def put_model(desk: At, data: JSONBody[NewVersion]) -> KeptText:
    """Keep what is wanted of a model under the name that it says, as a new version.

    Nothing is trained by it: `/train` does that, or its `schedule` after the first time.
    """
    return kept(desk, "model", data)


@post("/models/{name:str}/train", summary="Train a model", tags=[TAG], status_code=202,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_model(desk: At, writer: With, name: Name) -> Training:
    """Begin to train a model anew and to hold it to the version that serves.

    Ask for `/training` until it is no longer `running`.
    """
    _known(desk, name)
    return trainings.shown(desk.train("model", name, writer))


@post("/models/{name:str}/train-privately", summary="Train a model privately", tags=[TAG],
      status_code=202, responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_model_privately(
    desk: At, writer: With, name: Name, data: JSONBody[PrivateTraining]
) -> Training:
    """Begin to train a version that hides every single person; it serves once you roll back to it.

    It is paid for from the model's budget of the year: what that does not allow fails, and costs
    nothing. One that broke off is told as failed and not begun anew: it would be paid for twice.
    """
    _known(desk, name)
    return trainings.shown(desk.train("model", name, writer, "privately", data.epsilon))


@post("/models/{name:str}/learn-on", summary="Learn the latest outcomes", tags=[TAG],
      status_code=202, responses=WRITING | MISSING, **WRITES)  # fmt: skip
def learn_model_on(desk: At, writer: With, name: Name) -> Training:
    """Begin to learn the outcomes since the training; kept only where it is clearly better."""
    _known(desk, name)
    return trainings.shown(desk.train("model", name, writer, "on"))


@reads("/models/{name:str}/training", "How far a training is", TAG, responses=MISSING)
def get_model_training(desk: At, name: Name) -> Training:
    """Return how far the training is that was asked for last, and why it failed."""
    _known(desk, name)
    return trainings.latest(desk.world, "model", name)


@post("/models/{name:str}/drift", summary="Look at drift", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def look_at_drift(desk: At, now: Now, name: Name) -> DriftLook:
    """Compare the latest window with that on which the serving version was judged."""
    _known(desk, name)
    return models.look(desk.world, name, now)


@post("/models/{name:str}/roll-back", summary="Have another version serve", tags=[TAG],
      status_code=200, responses=WRITING | MISSING, **AT_CONSOLE)  # fmt: skip
def roll_back_model(
    desk: At, now: Now, caller: By, name: Name, data: JSONBody[RollBack]
) -> ModelDetail:
    """Have an earlier version serve from now on, and score everybody by it."""
    _known(desk, name)
    author = data.author or caller.key
    serving.roll_back(desk.world, name, data.version, author=author, reason=data.reason, now=now)
    learning.score(desk.world, now, name)
    _known(desk, name)
    return found(models.detail(desk.world, name, now), f"model {name!r}")


def _known(desk: Desk, name: str) -> None:
    known = models.names(desk.world)
    found(name if name in known else None, f"model {name!r}", nearest(name, list(known)))


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_learnt,
    get_model,
    get_fairness,
    get_scores,
    get_reasons,
    put_model,
    train_model,
    train_model_privately,
    learn_model_on,
    get_model_training,
    look_at_drift,
    roll_back_model,
]

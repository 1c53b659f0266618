"""What the writing part of the API works with: the world, the clock, and patience."""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from tailorbird import auditing, learning_on, records, retraining, uplifts
from tailorbird.freshening import Scores
from tailorbird.ids import Entropy
from tailorbird.model_record import MILLION
from tailorbird.ready import Ready
from tailorbird.schema import Instant
from tailorbird.trainings import Training, TrainingHow, TrainingKind
from tailorbird.web.audience_checks import AudienceChecks
from tailorbird.web.simulations import Simulations
from tailorbird.web.source_reader import SourceReader
from tailorbird.web.trainings import Trainings, Work
from tailorbird.world import World

PATIENCE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.01
DRAFTS: Final = 32
"""As many drafts of mails are kept to be looked at."""


def nobody() -> None:
    """Wake nobody: what is written is taken in when somebody comes."""


def _trained_by(world: World) -> dict[TrainingKind, Work]:
    """Return what trains each kind of thing."""

    def model(asked: Training, now: Instant) -> None:
        match asked.how:
            case "anew":
                retraining.learn(world, now, [asked.name])
            case "privately":
                epsilon = asked.epsilon_micro / MILLION
                auditing.learn_privately(world, asked.name, now, epsilon=epsilon)
            case "on":
                learning_on.learn_on(world, asked.name, now)

    return {
        "clusters": lambda asked, now: Ready(world, now).train_clusters(asked.name),
        "model": model,
        "uplift": lambda asked, now: uplifts.train(world, asked.name, now),
    }


class Drafts:
    """The HTML of the latest drafts, for frames that show them. Called in threads."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._kept: dict[str, str] = {}
        self._guard = threading.Lock()

    def keep(self, html: str) -> str:
        """Keep a draft for a while; return the name that nobody can guess."""
        name = self._entropy(16).hex()
        with self._guard:
            self._kept[name] = html
            while len(self._kept) > DRAFTS:
                self._kept.pop(next(iter(self._kept)))
        return name

    def get(self, name: str) -> str | None:
        """Return a draft, None once it is gone."""
        return self._kept.get(name)


class Desk:
    """Writes for one world. Called in threads."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], Instant],
        wake: Callable[[], None] = nobody,
        *,
        entropy: Entropy = os.urandom,
        patience_seconds: float = PATIENCE_SECONDS,
        sources: SourceReader | None = None,
    ) -> None:
        self.world = world
        self.clock = clock
        self.entropy = entropy
        self.sources = sources
        self.checks = AudienceChecks(world, clock)
        self.trainings = Trainings(world.training_record, clock, _trained_by(world), wake)
        self.scores = Scores(world)
        self.simulations = Simulations(world, clock)
        self.drafts = Drafts(entropy)
        self._wake = wake
        self._patience = patience_seconds

    def resume(self) -> None:
        """Go on with what an earlier server was asked for and had not ended."""
        self.checks.resume()
        self.trainings.resume()

    def writer(self, key: str, once: str) -> records.Writer:
        """Return who writes now. Nobody else can tell the message ids that `once` gives."""
        if once:
            named = hmac.digest(self.world.token_key, f"once {once}".encode(), "sha256")
            once = named[:16].hex()
        return records.Writer(key, self.clock(), self.entropy, once)

    def train(
        self,
        kind: TrainingKind,
        name: str,
        writer: records.Writer,
        how: TrainingHow = "anew",
        epsilon: float = 0.0,
    ) -> Training:
        """Begin a training behind the request; return how far it is, of a repeat the same one.

        Raises:
            ConflictError: the same is being trained in another way.
        """
        micro = round(epsilon * MILLION)
        return self.trainings.begin(Training(kind, name, writer.now, how, micro, writer.once))

    def settled(self, offset: int, wait: str) -> bool:
        """Return whether reads show what is in the log up to here.

        With `wait="applied"` it waits for that, some seconds at most.
        """
        self._wake()
        if wait == "applied":
            until = time.monotonic() + self._patience
            while not records.applied(self.world, offset) and time.monotonic() < until:
                time.sleep(LOOK_SECONDS)
        return records.applied(self.world, offset)

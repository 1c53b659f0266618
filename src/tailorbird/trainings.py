"""Trainings that somebody asked a server for: kept until they have ended, even if it ends before.

A server that is stopped, or dies, finds here what it was asked for and has not done.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from tailorbird.schema import Instant

TrainingKind = Literal["model", "clusters", "uplift"]
"""What is trained: a model, clusters, or whom a campaign's mail moves."""
TrainingHow = Literal["anew", "privately", "on"]
"""`on`: by the outcomes since the last training."""
TrainingState = Literal["running", "done", "failed"]


class Training(msgspec.Struct, frozen=True):
    """One training that was asked for, and how far it is."""

    kind: TrainingKind
    name: str
    asked_at: Instant
    how: TrainingHow = "anew"
    epsilon_micro: int = 0
    """What a private one may cost, in millionths."""
    once: str = ""
    """Names the request that asked; the same again asks for nothing more. Empty: any may."""
    begun: int = 0
    """How often it was begun: a server that dies of it must not do so at every start."""
    state: TrainingState = "running"
    ended_at: Instant = 0
    why: str = ""
    """Why it failed, and how to mend it."""
    id: int = 0


class TrainingRecord(Protocol):
    """Keeps trainings durably. One of a kind and name runs at a time."""

    def ask(self, asked: Training, since: Instant) -> Training:
        """Keep what is asked for and return it with its id.

        If one of its kind and name runs, that is returned instead; so is what the same request has
        asked for since an instant, whatever became of it.
        """

    def begin(self, number: int) -> None:
        """Keep that a training is begun once more."""

    def end(self, number: int, state: TrainingState, why: str, at: Instant) -> None:
        """Keep how a training ended."""

    def latest(self, kind: TrainingKind, name: str) -> Training | None:
        """Return what was asked for last of a kind and name."""

    def running(self) -> list[Training]:
        """Return what was asked for and has not ended, the oldest first."""

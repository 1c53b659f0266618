"""Trainings: what was asked for, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class PrivateTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A training that hides every single person, and how much privacy it may cost."""

    epsilon: Annotated[float, Meta(ge=0.01, le=20, examples=[1.0])] = 1.0


class Training(msgspec.Struct, frozen=True):
    """How far the training is that was asked for last; `state` is empty where none was.

    `how`: `anew`, `privately`, or `on`, by the outcomes since the training before. `why`: what must
    be mended where it failed; what served before goes on serving then. A server that was stopped
    goes on with it when it comes back, or says that it failed.
    """

    name: str
    state: Literal["", "running", "done", "failed"] = ""
    how: Literal["", "anew", "privately", "on"] = ""
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""

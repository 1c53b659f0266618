"""The outside world as `app` wires it: every port with its adapter, the settings, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tailorbird.enrolments import Enrolments
from tailorbird.lanes import Lanes
from tailorbird.latest import Latest
from tailorbird.model_record import ModelRecord
from tailorbird.outbox import Audit
from tailorbird.ports import (
    Carrier,
    EventLog,
    Facts,
    Inbox,
    Journal,
    Ledger,
    Machines,
    Models,
    People,
)
from tailorbird.registries import (
    Changes,
    Definitions,
    Hooks,
    Keys,
    Matches,
    Quarantine,
    Suppressions,
)
from tailorbird.settings import Settings
from tailorbird.trainings import TrainingRecord

if TYPE_CHECKING:
    from tailorbird.posting import Post


@dataclass(frozen=True, slots=True)
class World:
    """What `flow` and `readings` work on."""

    folder: Path
    settings: Settings
    log: EventLog
    people: People
    suppressions: Suppressions
    quarantine: Quarantine
    facts: Facts
    definitions: Definitions
    ledger: Ledger
    lanes: Lanes
    audit: Audit
    models: Models
    inbox: Inbox
    carrier: Carrier
    carriers: Mapping[str, Carrier]
    """Every carrier that settings name, by name; `carrier` is one of them."""
    journal: Journal
    keys: Keys
    hooks: Hooks
    matches: Matches
    model_record: ModelRecord
    training_record: TrainingRecord
    changes: Changes
    enrolments: Enrolments
    assignment_key: bytes
    """Draws variants and holdouts."""
    token_key: bytes
    """Seals links, pixels and return paths."""
    worker: str = "worker-1"
    """Whose journal this is."""
    machines: Machines | None = None
    """The other machines that send from the same ledger; None where this folder is alone."""
    has_facts: bool = True
    """False in a process that only sends: its facts answer nothing."""
    latest: Latest = field(default_factory=Latest)
    """The model and the stock as they stand, for those who ask about one person at a time."""
    aside: Callable[[], Enrolments] | None = None
    """Makes an empty store of enrolments in memory, for what is only imagined."""
    post: Post | None = None
    """Asks models that stand elsewhere; None where nothing is posted."""
    imagined: str = ""
    """The journey that is simulated in this world: what it really sent counts for nothing here."""

"""The outside world as `app` wires it: every port with its adapter, the settings, the keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tailorbird.ports import (
    Carrier,
    EventLog,
    Facts,
    Inbox,
    Journal,
    Ledger,
    Models,
    People,
    Suppressions,
)
from tailorbird.registries import Changes, Definitions, Hooks, Keys, Matches, Quarantine
from tailorbird.settings import Settings


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
    models: Models
    inbox: Inbox
    carrier: Carrier
    journal: Journal
    keys: Keys
    hooks: Hooks
    matches: Matches
    changes: Changes
    assignment_key: bytes
    """Draws variants and holdouts."""
    token_key: bytes
    """Seals links, pixels and return paths."""

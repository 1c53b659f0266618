"""Draws that fall alike in every run: by a known salt, not by each folder's own secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DRAWN: Final[Mapping[str, str]] = {"TAILORBIRD_ASSIGNMENT_SALT": "known"}
"""The environment of a folder that draws so."""

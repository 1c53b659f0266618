"""The settings of differential privacy; `settings` hands them on."""

from __future__ import annotations

import msgspec


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much may be told of people in ways that hide every single one of them."""

    epsilon_per_year: float = 12.0
    """Epsilon that each model, and all private counts together, may spend in a calendar year."""

"""Answers what the pages and the API ask, from the ports and the rooms; changes nothing.

In: a `World`, an instant.
Out: the structs of `tailorbird.views`.
"""

from __future__ import annotations

from tailorbird.readings.world_readings import WorldReadings

__all__ = ["WorldReadings"]

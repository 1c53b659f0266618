"""The local inbox as a kind of carrier: the folder's own, which is open already."""

from __future__ import annotations

from typing import Final

import msgspec

from tailorbird.delivery.carriers.kinds import Abilities, Kind, OpenCarrier, Place


class InboxSettings(msgspec.Struct, frozen=True):
    """There is nothing to set; `delivery.inbox_keep` says how much it keeps."""


def _opened(_settings: InboxSettings, place: Place) -> OpenCarrier:
    return place.inbox


KIND: Final = Kind(InboxSettings, _opened, Abilities(raw=True, keeps_signature=True, looks_up=True))

"""Pictures of mails, as the pages of the console see them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.views.definitions import DefinitionUse


class ImageRow(msgspec.Struct, frozen=True):
    """A picture in force. `personal`: people see it differ. `trouble`: why it cannot be read."""

    name: str
    version: int
    width: int = 0
    height: int = 0
    personal: bool = False
    description: str = ""
    trouble: str = ""


class ImageReport(msgspec.Struct, frozen=True):
    """A picture with its text, what it reads and shows, and the templates that name it."""

    image: ImageRow
    text: str
    reads: tuple[str, ...]
    """Values, as texts name them: `person.first_name`."""
    files: tuple[str, ...]
    """Pictures and fonts of the data folder."""
    uses: tuple[DefinitionUse, ...]


class ImageText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture's definition, to be kept or drawn."""

    text: Annotated[str, Meta(min_length=1, max_length=65_536)]
    author: Annotated[str, Meta(max_length=200)] = ""
    reason: Annotated[str, Meta(max_length=1000)] = ""


class ImageTrial(msgspec.Struct, frozen=True):
    """What a text would be drawn as for one person, or for anybody. Nothing is kept."""

    width: int
    height: int
    picture: str
    """The PNG, as a data address."""
    size_bytes: int
    said: tuple[str, ...]
    """The words that are drawn, in the order of the layers."""

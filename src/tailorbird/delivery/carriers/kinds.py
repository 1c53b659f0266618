"""What a kind of carrier is: its settings, what it needs, what it can do, how it is opened."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from tailorbird.errors import SettingsError
from tailorbird.ports import Carrier
from tailorbird.schema import Instant
from tailorbird.settings_text import converted

Table = Mapping[str, Any]
"""One carrier's settings as they were written."""


class OpenCarrier(Carrier, Protocol):
    """A carrier that lets go of its connections."""

    def close(self) -> None:
        """Let go of them."""


@runtime_checkable
class Reachable(Protocol):
    """A carrier that can be tried without sending anything."""

    def reach(self) -> None:
        """Return when what is behind it lets us in.

        Raises:
            CarrierError: it does not.
        """


@dataclass(frozen=True, slots=True)
class Place:
    """Where a carrier is opened, and what it may use there."""

    name: str
    """Its name in settings and in the ledger."""
    folder: Path
    """The data folder."""
    hello: str
    """The domain that writes, by which mail servers are greeted."""
    clock: Callable[[], Instant]
    inbox: OpenCarrier
    """The local inbox of the folder: it is open already."""
    domains: tuple[str, ...] = ()
    """Those of Message-IDs, the one of `hello` first and those of brands behind it."""

    @property
    def where(self) -> str:
        """Return where its settings stand."""
        return f"carriers.{self.name}"


class Abilities(msgspec.Struct, frozen=True):
    """What a provider lets us do; the page on choosing a carrier shows it as a table."""

    raw: bool
    """The message travels as we made it; otherwise the provider makes one of its parts."""
    keeps_signature: bool = False
    """Our DKIM signature still holds when the mail arrives; otherwise making it is wasted."""
    repeatable_seconds: int = 0
    """For how long the same send id gives one message, however often it is said."""
    looks_up: bool = False
    """It can be asked after a crash whether it took a send."""
    together: int = 1
    """How many messages one call may hold."""
    send_id_in: str = ""
    """Where its webhooks carry our send id, in hex."""


S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of carrier: the last line of every file of this folder that is one."""

    settings: type[S]
    opened: Callable[[S, Place], OpenCarrier]
    abilities: Abilities
    needs: Sequence[str] = ()
    """Settings without which it cannot send."""

    def read(self, table: Table, where: str) -> S:
        """Return the settings of a table.

        Raises:
            SettingsError: a name is unknown, or a value has the wrong type.
        """
        known = [field.name for field in msgspec.structs.fields(self.settings)]
        for name in table:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                mend = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known)}"
                raise SettingsError(f"unknown setting {name!r}", where=where, mend=mend)
        places = {name: f"{where}.{name}" for name in table}
        return converted(table, self.settings, places, where)

    def lacking(self, settings: S) -> list[str]:
        """Return the names of settings that must be given before anything can be sent."""
        return [name for name in self.needs if not getattr(settings, name)]

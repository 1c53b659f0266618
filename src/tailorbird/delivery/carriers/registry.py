"""Every kind of carrier, one line each, and the carriers that settings name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import msgspec

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.carriers.by_task import CarrierByTask
from tailorbird.delivery.carriers.kinds import Abilities, Kind, OpenCarrier, Place
from tailorbird.delivery.carriers.sandbox import SandboxCarrier
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply
from tailorbird.settings import Settings, brand

KINDS: Final[Mapping[str, str]] = {
    "brevo": "brevo",
    "file": "file",
    "inbox": "inbox_kind",
    "mailgun": "mailgun",
    "mailjet": "mailjet",
    "postmark": "postmark",
    "resend": "resend",
    "sendgrid": "sendgrid",
    "ses": "ses",
    "smtp": "smtp",
    "sparkpost": "sparkpost",
}
"""Kind of carrier -> the module of this folder whose KIND it is, imported when it is asked for."""
OLD_SMTP: Final = ("host", "port", "user", "password", "tls", "connections")
"""What `delivery.smtp_*` still says about the carrier named `smtp`."""


class Wanted(msgspec.Struct, frozen=True):
    """A carrier that settings name: its kind, its table, and what is lacking before it can send."""

    name: str
    kind: str
    table: dict[str, Any]
    lacking: tuple[str, ...] = ()


@cache
def kind(name: str, where: str = "delivery.carrier") -> Kind[Any]:
    """Return a kind by its name.

    Raises:
        SettingsError: there is none.
    """
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KINDS)}"
        raise SettingsError(f"there is no kind of carrier {name!r}", where=where, mend=mend)
    module = importlib.import_module(f"tailorbird.delivery.carriers.{KINDS[name]}")
    found: Kind[Any] = module.KIND
    return found


def wanted(settings: Settings) -> list[Wanted]:
    """Return the carriers that settings name, the one that sends first.

    Raises:
        SettingsError: a kind or a name does not exist, or a value has the wrong type.
    """
    delivery = settings.delivery
    named = [delivery.carrier, delivery.transactional, *delivery.failover, *settings.carriers]
    return [_wanted(settings, name) for name in dict.fromkeys(named) if name]


def carriers_of(settings: Settings, place: Place) -> dict[str, OpenCarrier]:
    """Return the carriers that settings name, by name; the first is the one that sends.

    Nothing is connected yet. One that lacks a setting takes its place and says so when it is asked
    to send. `place.name` is each one's own, and the domains are those of the settings.

    Raises:
        SettingsError: a kind or a name does not exist, or a value has the wrong type.
    """
    place = replace(place, domains=_domains(settings))
    return {
        one.name: _guarded(_opened(one, replace(place, name=one.name)), settings, place)
        for one in wanted(settings)
    }


def sending_carrier(settings: Settings, carriers: Mapping[str, OpenCarrier]) -> OpenCarrier:
    """Return the carrier that every mail is given to, of those that `carriers_of` opened."""
    carrier = carriers[settings.delivery.carrier]
    name = settings.delivery.transactional
    if not name or carriers[name] is carrier:
        return carrier
    return CarrierByTask(carrier, carriers[name])


def signatures_hold(settings: Settings) -> bool:
    """Return whether any carrier in use passes our DKIM signature on; else signing is waste."""
    delivery = settings.delivery
    used = {delivery.carrier, delivery.transactional, *delivery.failover}
    return any(
        kind(one.kind).abilities.keeps_signature for one in wanted(settings) if one.name in used
    )


def abilities(settings: Settings, name: str) -> Abilities:
    """Return what a carrier's provider lets us do.

    Raises:
        SettingsError: there is no such carrier or kind.
    """
    found: Abilities = kind(_wanted(settings, name).kind).abilities
    return found


class UnreadyCarrier:
    """Stands for a carrier that lacks settings; it takes nothing, so that nothing is lost."""

    def __init__(self, name: str, lacking: Sequence[str]) -> None:
        self.name = name
        self._lacking = lacking

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Refuse.

        Raises:
            CarrierError: what is lacking.
        """
        raise CarrierError(
            f"the carrier lacks {', '.join(self._lacking)}",
            where=f"carriers.{self.name}",
            mend=f"set carriers.{self.name}.{self._lacking[0]}; nothing was sent, nothing is lost",
        )

    def found(self, send_ids: Sequence[bytes]) -> None:
        """Return None: it cannot be asked."""
        return

    def close(self) -> None:
        """Let go of nothing."""


def _wanted(settings: Settings, name: str) -> Wanted:
    where = f"carriers.{name}"
    table: dict[str, Any] = dict(settings.carriers.get(name, {}))
    of_kind = str(table.pop("kind", name))
    if name not in settings.carriers and name not in KINDS:
        raise SettingsError(
            f"there is no carrier {name!r}",
            where="delivery",
            mend=f"write a table [carriers.{name}] with its kind; kinds are {', '.join(KINDS)}",
        )
    if name == "smtp" and of_kind == "smtp":
        table = _old_smtp(settings) | table
    made = kind(of_kind, f"{where}.kind")
    return Wanted(name, of_kind, table, tuple(made.lacking(made.read(table, where))))


def _domains(settings: Settings) -> tuple[str, ...]:
    """Return the domains of Message-IDs as messages carry them, the chief sender's first."""
    named = (brand(settings, name).domain for name in ("", *sorted(settings.brands)))
    wired = (wire_address(f"x@{domain}") for domain in named)
    return tuple(dict.fromkeys(each.removeprefix("x@") for each in wired if each))


def _old_smtp(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings.delivery, f"smtp_{name}") for name in OLD_SMTP}


def _opened(one: Wanted, place: Place) -> OpenCarrier:
    if one.lacking:
        return UnreadyCarrier(one.name, one.lacking)
    made = kind(one.kind)
    return made.opened(made.read(one.table, place.where), place)


def _guarded(carrier: OpenCarrier, settings: Settings, place: Place) -> OpenCarrier:
    """Return a carrier behind the sandbox, where it is on; the inbox keeps everything anyway."""
    if not settings.delivery.sandbox or carrier is place.inbox:
        return carrier
    return SandboxCarrier(carrier, settings.delivery.sandbox_allow)

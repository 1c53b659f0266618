"""Sends over several persistent SMTP connections to one mail server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.smtp_session import SmtpServer, SmtpSession, Tls
from tailorbird.delivery.carriers.smtp_tokens import AccessToken
from tailorbird.delivery.carriers.switchboard import Switchboard
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SmtpSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `smtp`; for one named `smtp`, `delivery.smtp_*` say the same."""

    host: str = "127.0.0.1"
    port: int = 25
    user: str = ""
    password: str = ""
    access_token: str = ""
    """Logs in instead of the password (XOAUTH2, OAUTHBEARER)."""
    access_token_file: str = ""
    """Where it stands and somebody renews it; beginning from the data folder."""
    tls: Tls = "starttls"
    connections: int = 4
    timeout_seconds: float = 60


class SmtpCarrier:
    """`ports.Carrier` over one mail server.

    A connection that was closed while idle is opened again. A server that allows fewer connections
    than asked for is used with those. Without any, the whole `send` fails and nothing is lost.

    Raises:
        SettingsError: a login would cross the network in clear.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Tls = "starttls",
        user: str = "",
        password: str = "",
        connections: int = 4,
        hello: str = "localhost",
        timeout_seconds: float = 60,
        context: ssl.SSLContext | None = None,
        name: str = "smtp",
        token: AccessToken | None = None,
    ) -> None:
        if user and tls == "none" and host not in LOOPBACK:
            raise SettingsError(
                "the login would cross the network in clear",
                where="delivery.smtp_tls",
                mend='set it to "starttls" or "implicit"',
            )
        greeting = (wire_address(f"x@{hello}") or "x@localhost").removeprefix("x@")
        self.name = name
        self._server = SmtpServer(
            host, port, tls, user, password, greeting, timeout_seconds, context=context, token=token
        )
        self._board = Switchboard(self._connected, connections=connections)

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come, at most three in hand for each connection; yields a reply for each.

        Raises:
            CarrierError: no connection can be made; what was not answered was not sent.
        """
        return self._board.send(messages, journal)

    def reach(self) -> None:
        """Return when the mail server lets us in; nothing is sent.

        Raises:
            CarrierError: it does not.
        """
        self._connected().quit()

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return None: SMTP has no way to ask."""
        return None

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        self._board.close()

    def _connected(self) -> SmtpSession:
        try:
            return SmtpSession(self._server)
        except OSError as error:
            raise CarrierError(
                f"the mail server cannot be reached: {error}",
                where=self._server.where,
                mend="check delivery.smtp_host, delivery.smtp_port and delivery.smtp_tls",
            ) from error


def _token(settings: SmtpSettings, place: Place) -> AccessToken | None:
    """Return the token that settings name.

    Raises:
        SettingsError: it stands in two places, or nobody is named whose it is.
    """
    said, file = settings.access_token, settings.access_token_file
    if not (said or file):
        return None
    if said and file:
        mend = "leave one of access_token and access_token_file"
        raise SettingsError("two tokens are given", where=place.where, mend=mend)
    if not settings.user:
        raise SettingsError("a token needs its user", where=place.where, mend="set user")
    return AccessToken(said, place.folder / file if file else None)


def _opened(settings: SmtpSettings, place: Place) -> SmtpCarrier:
    return SmtpCarrier(
        settings.host,
        settings.port,
        tls=settings.tls,
        user=settings.user,
        password=settings.password,
        connections=settings.connections,
        hello=place.hello,
        timeout_seconds=settings.timeout_seconds,
        name=place.name,
        token=_token(settings, place),
    )


KIND: Final = Kind(
    SmtpSettings, _opened, Abilities(raw=True, keeps_signature=True, send_id_in="VERP, Message-ID")
)

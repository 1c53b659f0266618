"""Mail servers that want a token get one, as it is now, and nobody else ever sees it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import OpenCarrier, Place
from tailorbird.delivery.carriers.smtp import KIND
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.schema import Outgoing
from tailorbird.settings import is_secret

TOKEN = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
USER = "someuser@example.com"
Opened = Callable[..., OpenCarrier]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Return `opened(server, **table)`: a carrier that logs in to a server."""
    with ExitStack() as stack:
        inbox = InboxCarrier(tmp_path)
        stack.callback(inbox.close)

        def open_(server: Any, **table: str) -> OpenCarrier:
            given = {"port": server.port, "user": USER, "tls": "none", "connections": 1} | table
            where = Place("relay", tmp_path, "shop.example", lambda: 0, inbox)
            carrier = KIND.opened(KIND.read(given, "carriers.relay"), where)
            stack.callback(carrier.close)
            return carrier

        yield open_


def mail(number: int) -> Outgoing:
    content = b"Subject: x\r\n\r\nhello\r\n"
    return Outgoing(number.to_bytes(16, "big"), "b@shop.example", f"p{number}@c.example", content)


def said(server: Any, mechanism: str) -> list[str]:
    start = f"AUTH {mechanism} "
    words = [each.removeprefix(start) for each in server.commands if each.startswith(start)]
    return [b64decode(word).decode() for word in words]


@pytest.mark.parametrize(
    ("offers", "mechanism", "wanted"),
    [
        (
            "AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER",
            "XOAUTH2",
            f"user={USER}\1auth=Bearer {TOKEN}\1\1",
        ),
        (
            "AUTH PLAIN OAUTHBEARER",
            "OAUTHBEARER",
            f"n,a={USER},\1host=127.0.0.1\1port=PORT\1auth=Bearer {TOKEN}\1\1",
        ),
    ],
)
def test_the_token_logs_in_and_no_password_does(
    serve: Any, journal: Any, opened: Opened, offers: str, mechanism: str, wanted: str
) -> None:
    server = serve([offers], AUTH=[b"235 2.7.0 welcome"])
    carrier = opened(server, access_token=TOKEN, password="never said")
    (reply,) = carrier.send(iter([mail(1)]), journal)
    assert reply.kind == "accepted"
    assert said(server, mechanism) == [wanted.replace("PORT", str(server.port))]
    assert sum(command.startswith("AUTH") for command in server.commands) == 1


def test_a_file_is_read_anew_for_every_connection(
    serve: Any, journal: Any, opened: Opened, tmp_path: Path
) -> None:
    server = serve(["AUTH XOAUTH2"])
    carrier = opened(server, access_token_file="token.txt")
    for token in ("first", "second"):
        (tmp_path / "token.txt").write_text(f"{token}\n")
        (reply,) = carrier.send(iter([mail(1)]), journal)
        assert reply.kind == "accepted"
        carrier.close()
    assert [each.partition("Bearer ")[2].strip("\1") for each in said(server, "XOAUTH2")] == [
        "first",
        "second",
    ]


@pytest.mark.parametrize(("mechanism", "go_on"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_a_token_that_has_ended_stops_the_batch_and_is_not_shown(
    serve: Any, journal: Any, opened: Opened, mechanism: str, go_on: str
) -> None:
    # The server says why in a challenge, and refuses only when that is answered.
    server = serve(
        [f"AUTH {mechanism}"],
        AUTH=[b"334 eyJzdGF0dXMiOiI0MDEifQ=="],
        **{go_on: [b"535 5.7.8 Username and Password not accepted"]},
    )
    carrier = opened(server, access_token=TOKEN)
    with pytest.raises(CarrierError, match="refuses the token: 535") as refused:
        list(carrier.send(iter([mail(1)]), journal))
    assert go_on in server.commands
    assert "renew access_token" in str(refused.value)
    shown = f"{refused.value!r} {refused.value} {refused.value.__cause__!r}"
    assert TOKEN not in shown
    assert server.taken == []


def test_a_challenge_that_never_ends_is_a_refusal(serve: Any, journal: Any, opened: Opened) -> None:
    server = serve(["AUTH XOAUTH2"], AUTH=[b"334 "], **{"": [b"334 "]})
    with pytest.raises(CarrierError, match="refuses the token"):
        list(opened(server, access_token=TOKEN).send(iter([mail(1)]), journal))


@pytest.mark.parametrize("content", [None, "", "two words", "käse", "a\nb", "x" * 9000])
def test_what_is_no_token_is_never_said(
    serve: Any, journal: Any, opened: Opened, tmp_path: Path, content: str | None
) -> None:
    server = serve(["AUTH XOAUTH2"])
    if content is not None:
        (tmp_path / "token").write_text(content)
    carrier = opened(server, access_token_file="token")
    with pytest.raises(CarrierError, match="token") as refused:
        list(carrier.send(iter([mail(1)]), journal))
    assert "token" in str(refused.value)
    assert not content or content not in str(refused.value)
    assert said(server, "XOAUTH2") == []


def test_a_server_that_takes_no_token_is_named(serve: Any, journal: Any, opened: Opened) -> None:
    server = serve(["AUTH PLAIN LOGIN"])
    with pytest.raises(CarrierError, match="only PLAIN LOGIN"):
        list(opened(server, access_token=TOKEN).send(iter([mail(1)]), journal))
    assert not any("AUTH" in command for command in server.commands)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"access_token": TOKEN, "access_token_file": "token"}, "two tokens"),
        ({"access_token": TOKEN, "user": ""}, "needs its user"),
        ({"access_token": TOKEN, "host": "mail.example"}, "in clear"),
    ],
)
def test_settings_that_cannot_hold_are_refused(
    serve: Any, opened: Opened, table: dict[str, str], why: str
) -> None:
    with pytest.raises(SettingsError, match=why) as refused:
        opened(serve(), **table)
    assert TOKEN not in str(refused.value)


def test_the_token_is_a_secret_and_its_file_is_none(serve: Any, opened: Opened) -> None:
    assert is_secret("carriers.relay.access_token")
    assert not is_secret("carriers.relay.access_token_file")
    carrier = opened(serve(), access_token=TOKEN)
    assert TOKEN not in repr(vars(carrier))

"""Providers on loopback that take mail as they document it, and fail as a test tells them.

Each dialect knows where a provider's call carries what we hand over, and how it answers. They are
written from the documentation, as the carriers are: what both misread, no test here can notice.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

Act: TypeAlias = Literal[
    "accept", "reject", "limit", "busy", "refuse", "break", "garbage", "take_and_hang_up",
    "hang_up", "take_and_stall", "stall",
]  # fmt: skip
"""What a provider does next; `take` means that the message will arrive whatever is answered."""
Body: TypeAlias = tuple[int, Any]
NAMED: dict[str, str] = {"content-type": "application/json"}


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Taken:
    """One message as a provider has it. `content`: None where it makes the message itself."""

    send_id: str
    to: str
    subject: str = ""
    html: str = ""
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(slots=True, frozen=True)
class Dialect:
    """How one provider is spoken to."""

    kind: str
    table: dict[str, Any]
    read: Callable[[Asked], list[Taken]]
    """What a call hands over; raises where a credential is missing."""
    accepted: Callable[[list[Taken]], Body]
    rejected: Callable[[list[Taken]], Body]
    """Its answer to a message that nobody will get."""
    refused: Body
    """Its answer to a wrong key."""
    limited: tuple[int, dict[str, str]] = (429, {"Retry-After": "7"})
    key: Callable[[Asked], str] | None = None
    """The idempotency key of a call."""
    shown: Callable[[Asked, Sequence[Taken]], Any] | None = None
    """Its answer to a look-up."""


class Provider:
    """One provider that listens, takes, and fails as `script` says."""

    def __init__(self, dialect: Dialect, script: Sequence[Act] = ()) -> None:
        self.dialect = dialect
        self.script: deque[Act] = deque(script)
        self.taken: list[Taken] = []
        self.asked: list[Asked] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.open: list[socket.socket] = []
        self._keys: dict[str, Body] = {}
        self._server = Listening(("127.0.0.1", 0), Handler)
        self._server.provider = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and let go of whoever waits."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hang_up(self) -> None:
        """Close every open connection, as providers do with idle ones."""
        with self.lock:
            for connection in self.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.open.clear()

    def next_act(self) -> Act:
        """Return what to do with the next call that sends."""
        with self.lock:
            return self.script.popleft() if self.script else "accept"

    def take(self, asked: Asked) -> Body:
        """Take what a call hands over, once for each key, and return the answer."""
        taken = self.dialect.read(asked)
        key = self.dialect.key(asked) if self.dialect.key else ""
        with self.lock:
            if key and key in self._keys:
                return self._keys[key]
            self.taken += taken
            answer = self.dialect.accepted(taken)
            self._keys[key] = answer
            return answer


class Listening(ThreadingHTTPServer):
    """The socket of a provider."""

    daemon_threads = True
    provider: Provider

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: lines break here on purpose."""


class Handler(BaseHTTPRequestHandler):
    """One connection to a provider."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def provider(self) -> Provider:
        """Return whose connection it is."""
        assert isinstance(self.server, Listening)
        return self.server.provider

    def setup(self) -> None:
        super().setup()
        with self.provider.lock:
            self.provider.connections += 1
            self.provider.open.append(self.connection)

    def do_GET(self) -> None:
        asked = self.asked()
        found = self.provider.dialect.shown
        assert found is not None
        self.answer((200, found(asked, self.provider.taken)))

    def do_POST(self) -> None:
        act = self.provider.next_act()
        if act in ("hang_up", "stall"):
            self.leave(act)
            return
        asked = self.asked()
        with self.provider.lock:
            self.provider.asked.append(asked)
        if act.startswith("take_and"):
            self.provider.take(asked)
            self.leave(act)
        elif act == "accept":
            self.answer(self.provider.take(asked))
        elif act == "garbage":
            self.provider.take(asked)
            self.answer((200, None))
        else:
            self.answer(*refusal(self.provider.dialect, act, asked))

    def asked(self) -> Asked:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): said for name, said in self.headers.items()}
        return Asked(self.command, self.path, headers, body)

    def answer(self, body: Body, more: dict[str, str] | None = None) -> None:
        status, said = body
        content = b"<html>hello</html>" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, text in (NAMED | (more or {})).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def leave(self, act: str) -> None:
        self.close_connection = True
        if act.endswith("stall"):
            self.provider.over.wait()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def refusal(dialect: Dialect, act: Act, asked: Asked) -> tuple[Body, dict[str, str]]:
    """Return a provider's answer to what it does not take, with its headers."""
    match act:
        case "reject":
            return dialect.rejected(dialect.read(asked)), {}
        case "refuse":
            return dialect.refused, {}
        case "limit":
            status, headers = dialect.limited
            return (status, {"message": "too many"}), headers
        case "busy":
            return (503, {"message": "come back"}), {}
        case _:
            return (500, {"message": "broken"}), {}


# -- dialects -------------------------------------------------------------------------------------


def secret(asked: Asked, header: str, said: str) -> None:
    """Fail unless a credential came where the provider wants it."""
    assert asked.headers[header] == said, header


def head_of(content: bytes) -> dict[str, str]:
    """Return the headers of a whole message, unfolded."""
    head = content.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    return dict(line.split(": ", 1) for line in head.split("\r\n"))


def read_postmark(asked: Asked) -> list[Taken]:
    secret(asked, "x-postmark-server-token", "token-1")
    assert asked.path == "/email/batch"
    return [
        Taken(
            one["Metadata"]["send_id"], address(one["To"]), one["Subject"], one["HtmlBody"],
            one.get("TextBody", ""), {each["Name"]: each["Value"] for each in one["Headers"]},
        )
        for one in asked.json()
    ]  # fmt: skip


def read_sendgrid(asked: Asked) -> list[Taken]:
    secret(asked, "authorization", "Bearer key-1")
    said = asked.json()
    (one,) = said["personalizations"]
    texts = {part["type"]: part["value"] for part in said["content"]}
    return [
        Taken(
            one["custom_args"]["send_id"], one["to"][0]["email"], said["subject"],
            texts["text/html"], texts.get("text/plain", ""), said["headers"],
        )
    ]  # fmt: skip


def read_ses(asked: Asked) -> list[Taken]:
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    said = asked.json()
    content = b64decode(said["Content"]["Raw"]["Data"])
    tags = {tag["Name"]: tag["Value"] for tag in said["EmailTags"]}
    (to,) = said["Destination"]["ToAddresses"]
    return [Taken(tags["send_id"], to, headers=head_of(content), content=content)]


def read_mailgun(asked: Asked) -> list[Taken]:
    secret(asked, "authorization", "Basic " + b64encode(b"api:key-1").decode())
    assert asked.path == "/v3/mg.shop.example/messages.mime"
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    fields: dict[str, bytes] = {}
    for piece in asked.body.split(b"--" + boundary)[1:-1]:
        head, _, said = piece[2:].partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        assert name is not None
        fields[name[1].decode()] = said[:-2]
    content = fields["message"]
    return [
        Taken(
            fields["v:send_id"].decode(), fields["to"].decode(),
            headers=head_of(content), content=content,
        )
    ]  # fmt: skip


def read_sparkpost(asked: Asked) -> list[Taken]:
    secret(asked, "authorization", "key-1")
    said = asked.json()
    content = said["content"]["email_rfc822"].encode()
    (to,) = said["recipients"]
    return [
        Taken(
            said["metadata"]["send_id"], to["address"]["email"],
            headers=head_of(content), content=content,
        )
    ]  # fmt: skip


def read_brevo(asked: Asked) -> list[Taken]:
    secret(asked, "api-key", "key-1")
    said = asked.json()
    return [
        Taken(
            json.loads(said["headers"]["X-Mailin-custom"])["send_id"],
            said["to"][0]["email"], said["subject"],
            said["htmlContent"], said.get("textContent", ""), said["headers"],
        )
    ]  # fmt: skip


def read_resend(asked: Asked) -> list[Taken]:
    secret(asked, "authorization", "Bearer key-1")
    said = asked.json()
    (tag,) = said["tags"]
    return [
        Taken(
            tag["value"], address(said["to"][0]), said["subject"], said["html"],
            said.get("text", ""), said["headers"],
        )
    ]  # fmt: skip


def read_mailjet(asked: Asked) -> list[Taken]:
    secret(asked, "authorization", "Basic " + b64encode(b"key-1:secret-1").decode())
    return [
        Taken(
            one["CustomID"], one["To"][0]["Email"], one["Subject"], one["HTMLPart"],
            one.get("TextPart", ""), one["Headers"],
        )
        for one in asked.json()["Messages"]
    ]  # fmt: skip


def address(written: str) -> str:
    """Return the address of a mailbox that may have a name."""
    return written.rpartition("<")[2].rstrip(">")


def known(asked: Asked, taken: Sequence[Taken]) -> list[Taken]:
    """Return what was taken of the send that a look-up names."""
    return [one for one in taken if one.send_id in asked.path]


def with_id(asked: Asked, taken: Sequence[Taken]) -> list[Taken]:
    """Return what was taken with the Message-ID that a look-up asks for."""
    (wanted,) = parse_qs(urlsplit(asked.path).query)["message-id"]
    return [one for one in taken if one.headers["Message-ID"] == f"<{wanted}>"]


def mailjet_error(one: Taken) -> Any:
    error = {
        "ErrorIdentifier": "f987", "ErrorCode": "mj-0013", "StatusCode": 400,
        "ErrorMessage": f'"{one.to}" is an invalid email address.',
        "ErrorRelatedTo": ["To[0].Email"],
    }  # fmt: skip
    return {"Status": "error", "Errors": [error]}


DIALECTS: dict[str, Dialect] = {
    one.kind: one
    for one in (
        Dialect(
            "postmark",
            {"server_token": "token-1"},
            read_postmark,
            lambda taken: (
                200,
                [{"ErrorCode": 0, "Message": "OK", "MessageID": one.send_id} for one in taken],
            ),
            lambda taken: (
                200,
                [
                    {"ErrorCode": 406, "Message": f"Found inactive addresses: {one.to}."}
                    for one in taken
                ],
            ),
            (401, {"ErrorCode": 10, "Message": "The Server Token is not valid."}),
            shown=lambda asked, taken: {"TotalCount": len(known(asked, taken)), "Messages": []},
        ),
        Dialect(
            "sendgrid",
            {"api_key": "key-1"},
            read_sendgrid,
            lambda _taken: (202, ""),
            lambda taken: (
                400,
                {
                    "errors": [
                        {
                            "message": f"{taken[0].to} does not contain a valid address.",
                            "field": "personalizations.0.to.0.email",
                            "help": None,
                        }
                    ]
                },
            ),
            (401, {"errors": [{"message": "Permission denied, wrong credentials"}]}),
            limited=(429, {"X-RateLimit-Reset": "1700000007", "Date": ""}),
        ),
        Dialect(
            "ses",
            {"region": "eu-central-1", "access_key_id": "AKID", "secret_access_key": "hush"},
            read_ses,
            lambda taken: (200, {"MessageId": f"ses-{taken[0].send_id}"}),
            lambda taken: (400, {"message": f"Illegal address {taken[0].to}"}),
            (403, {"message": "The security token included in the request is invalid."}),
        ),
        Dialect(
            "mailgun",
            {"api_key": "key-1", "domain": "mg.shop.example"},
            read_mailgun,
            lambda taken: (200, {"id": f"<{taken[0].send_id}@x>", "message": "Queued."}),
            lambda _taken: (400, {"message": "to parameter is not a valid address."}),
            (401, {"message": "Invalid private key"}),
            shown=lambda asked, taken: {"items": [{"id": "e"} for _ in with_id(asked, taken)]},
        ),
        Dialect(
            "sparkpost",
            {"api_key": "key-1"},
            read_sparkpost,
            lambda _taken: (
                200,
                {
                    "results": {
                        "total_rejected_recipients": 0,
                        "total_accepted_recipients": 1,
                        "id": "1166",
                    }
                },
            ),
            lambda _taken: (
                422,
                {"errors": [{"message": "invalid data", "code": "1300", "description": "no"}]},
            ),
            (401, {"errors": [{"message": "Unauthorized."}]}),
        ),
        Dialect(
            "brevo",
            {"api_key": "key-1"},
            read_brevo,
            lambda taken: (201, {"messageId": f"<{taken[0].send_id}@relay>"}),
            lambda _taken: (400, {"code": "invalid_parameter", "message": "email is not valid"}),
            (401, {"code": "unauthorized", "message": "Key not found"}),
            limited=(429, {"x-sib-ratelimit-reset": "7"}),
            key=lambda asked: str(asked.json()["headers"]["idempotencyKey"]),
        ),
        Dialect(
            "resend",
            {"api_key": "key-1"},
            read_resend,
            lambda taken: (200, {"id": f"r-{taken[0].send_id}"}),
            lambda _taken: (
                422,
                {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field."},
            ),
            (403, {"statusCode": 403, "name": "invalid_api_key", "message": "API key is invalid"}),
            key=lambda asked: asked.headers["idempotency-key"],
        ),
        Dialect(
            "mailjet",
            {"api_key": "key-1", "secret_key": "secret-1"},
            read_mailjet,
            lambda taken: (
                200,
                {
                    "Messages": [
                        {"Status": "success", "To": [{"Email": one.to, "MessageID": 456}]}
                        for one in taken
                    ]
                },
            ),
            lambda taken: (400, {"Messages": [mailjet_error(one) for one in taken]}),
            (
                401,
                {
                    "ErrorIdentifier": "06df",
                    "StatusCode": 401,
                    "ErrorMessage": "API key authentication/authorization failure.",
                },
            ),
            shown=lambda asked, taken: {"Count": len(known(asked, taken)), "Data": []},
        ),
    )
}

"""What a request for a form brings: its address, its cookie, its sealed page, its answers."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from tailorbird.collect.forms import Form
from tailorbird.schema import Instant, PersonId, Scalar
from tailorbird.tracking.tokens import NoteUse, Sealer
from tailorbird.web.guard import LOOPBACK

COOKIE: Final = "tailorbird_form"
LARGEST: Final = 65_536
MOST_FIELDS: Final = 500
FORM_ENCODED: Final = "application/x-www-form-urlencoded"
PRESELECTED: Final = frozenset({"choice", "choices", "hidden", "nps", "rating"})
"""Kinds that a link may fill in for anybody: `?nps=9`."""

T = TypeVar("T")


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What a page remembers of itself until it is sent."""

    form: str
    version: int
    at: Instant
    nonce: str
    asked: tuple[str, ...]
    person: PersonId = 0
    anonymous: str = ""
    after: str = ""


class Cookie(msgspec.Struct, frozen=True, array_like=True):
    """What a browser that has answered brings back: which questions it was asked, no value."""

    anonymous: str = ""
    known: tuple[str, ...] = ()
    roots: dict[str, tuple[str, str]] = {}
    """Form -> the visitor's name in the log, and her submission of it that gave an address."""


class Place(NamedTuple):
    """Where a form is shown: its name, whether in a frame, and under which signed link."""

    name: str
    embedded: bool
    token: str

    def action(self) -> str:
        """Return where it is sent."""
        query = [f"t={self.token}"] if self.token else []
        query += ["embed=1"] if self.embedded else []
        return f"/f/{self.name}" + (f"?{'&'.join(query)}" if query else "")


def place_of(request: Request) -> Place:
    """Return where a request asks for a form."""
    token = request.query_params.get("t", "")
    plain = token.replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum()):
        token = ""
    return Place(request.path_params["name"], request.query_params.get("embed") == "1", token)


def cookie_of(request: Request, sealer: Sealer) -> Cookie:
    """Return what this browser has answered before; nothing where the cookie is not ours."""
    return opened(request.cookies.get(COOKIE, ""), "form cookie", Cookie, sealer) or Cookie()


def opened(token: str, use: NoteUse, type_: type[T], sealer: Sealer) -> T | None:
    """Return what a sealed note says, None when it is forged."""
    try:
        return msgspec.json.decode(sealer.open_note(token, use) or b"", type=type_)
    except msgspec.MsgspecError:
        return None


async def given_in(request: Request) -> dict[str, list[str]] | None:
    """Return the values of each field that a browser sent; None when it is no form, or too long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_ENCODED:
        return None
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return None
    try:
        pairs = parse_qsl(
            content.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value.replace("\x00", ""))
    return found


def preselected(form: Form, request: Request) -> dict[str, list[str]]:
    """Return what the address of a page fills in; nothing of it counts before it is sent."""
    asked = {field.name for field in form.fields if field.kind in PRESELECTED}
    query = request.query_params
    return {name: query.getlist(name)[:60] for name in query if name in asked}


def filled(form: Form, stored: Mapping[str, Scalar]) -> dict[str, list[str]]:
    """Return stored values as a page shows them."""
    found: dict[str, list[str]] = {}
    for field in form.fields:
        value = stored.get(form.key(field))
        if isinstance(value, bool):
            found[field.name] = ["yes"] if value else []
        elif value is not None:
            said = str(value)
            found[field.name] = said.split(",") if field.kind == "choices" else [said]
    return found


def visitor_hash(request: Request, pepper: bytes) -> bytes:
    """Return what tells visitors apart by their address without keeping it."""
    host = request.client.host if request.client else ""
    if host in LOOPBACK:  # a proxy of our own says who asked it
        host = request.headers.get("x-forwarded-for", host).rpartition(",")[2].strip()
    return blake2b(host.encode(), key=pepper, digest_size=16).digest()

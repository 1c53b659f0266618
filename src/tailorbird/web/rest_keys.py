"""The API of keys: for callers with the scope `admin`."""

from __future__ import annotations

from typing import Final

from litestar import delete, get, post
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import keys
from tailorbird.access import Key
from tailorbird.errors import ConflictError
from tailorbird.schema import DAY, Instant
from tailorbird.views import moment
from tailorbird.views.records import KeyRow, MadeKey, NewKey
from tailorbird.web.asking import ADMIN, GUARDED, INVALID, MISSING, WRITING, At, Name


@get("/keys", summary="All keys", tags=["keys"], responses=INVALID | GUARDED, **ADMIN)
def list_keys(desk: At) -> tuple[KeyRow, ...]:
    """Return every key, ended ones too, by name. Of a secret key only the start is shown."""
    now = desk.clock()
    return tuple(_row(key, now) for key in desk.world.keys.all())


@post("/keys", summary="Make a key", tags=["keys"], responses=WRITING, **ADMIN)
def create_key(desk: At, data: JSONBody[NewKey]) -> MadeKey:
    """Return a new key with its text, which is shown this once."""
    now = desk.clock()
    if keys.living(desk.world.keys.all(), data.name, now):
        raise ConflictError(f"there is a key {data.name!r}", mend="rotate it, or choose a name")
    key, text = keys.make(
        data.name, data.kind, now=now, entropy=desk.entropy, scopes=data.scopes,
        origins=data.origins, rate=data.rate, address_rate=data.address_rate,
    )  # fmt: skip
    desk.world.keys.add(key)
    return MadeKey(text, _row(key, now))


@post("/keys/{name:str}/rotate", summary="Renew a key", tags=["keys"],
      responses=WRITING | MISSING, **ADMIN)  # fmt: skip
def rotate_key(desk: At, name: Name) -> MadeKey:
    """Return a new key with the same name and rights; the old one opens for a day."""
    now = desk.clock()
    old = keys.living(desk.world.keys.all(), name, now)
    if old is None:
        raise NotFoundException(f"no key {name!r} is open")
    key, text = keys.renewed(old, now=now, entropy=desk.entropy)
    desk.world.keys.replace(key, now + DAY)
    return MadeKey(text, _row(key, now))


@delete("/keys/{name:str}", summary="Revoke a key", tags=["keys"],
        responses=INVALID | GUARDED | MISSING, **ADMIN)  # fmt: skip
def revoke_key(desk: At, name: Name) -> None:
    """End a key; the doors know it within a second."""
    if not desk.world.keys.end(name, desk.clock()):
        raise NotFoundException(f"no key {name!r} is open")


def _row(key: Key, now: Instant) -> KeyRow:
    return KeyRow(
        key.name, key.kind, key.shown, key.scopes, key.origins, key.rate, key.address_rate,
        moment(key.created_at), moment(key.ends_at) if key.ends_at else None,
        keys.opens(key, now),
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [list_keys, create_key, rotate_key, revoke_key]

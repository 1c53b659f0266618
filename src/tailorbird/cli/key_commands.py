"""`tailorbird keys`: what senders show at the door. Works beside a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from tailorbird.access import KeyKind, Scope
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, record, shown
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError
from tailorbird.schema import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailorbird.access import Key

app = typer.Typer(help="Keys of pages, apps and servers that send events.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The key's name; it names the source of its events.")]


@app.command()
def create(
    name: Name,
    kind: Annotated[
        KeyKind, typer.Option(help="public for pages and apps, secret for servers.")
    ] = "public",
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A site that may show it, https://shop.example; all when left out."),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(help="Events a second of a public key, 0 for no limit.")
    ] = None,
    address_rate: Annotated[
        int | None, typer.Option(help="Events a second of one client's address.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Of a secret key: read, write, admin; the first two when left out."),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. A secret one is shown this once."""
    import os

    from tailorbird import keys

    with record(folder) as opened:
        now = opened.clock()
        if keys.living(opened.keys.all(), name, now):
            raise UsageError(f"there is a key {name!r}", mend="`tailorbird keys rotate` renews it")
        key, text = keys.make(
            name, kind, now=now, entropy=os.urandom, scopes=_scopes(scope or ()),
            origins=origin or (), rate=rate, address_rate=address_rate,
        )  # fmt: skip
        opened.keys.add(key)
    _print_new(key, text, as_json=as_json)


@app.command("list")
def list_keys(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the keys, ended ones too. Of a secret key only the start is shown."""
    from tailorbird import keys

    with record(folder) as opened:
        found, now = opened.keys.all(), opened.clock()
    rows = [
        (
            key.name, key.kind, key.shown, " ".join(key.scopes or key.origins) or "any site",
            f"{key.rate}/{key.address_rate}" if key.kind == "public" else "",
            _until(key, open_=keys.opens(key, now)),
        )
        for key in found
    ]  # fmt: skip
    lines = (
        table(("name", "kind", "key", "scopes or sites", "rates", "good until"), rows)
        if rows
        else []
    )
    policy = "registered keys only" if any(key.kind == "public" for key in found) else "open"
    if policy == "open":
        lines.append(
            "no public key was ever made: any write key opens the collector and names its source; "
            "`tailorbird keys create NAME` ends that"
        )
    emit({"keys": [_listed(key) for key in found], "collector": policy}, lines, as_json=as_json)


@app.command()
def revoke(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """End a key at once; a running server knows it within a second."""

    with record(folder) as opened:
        ended = opened.keys.end(name, opened.clock())
    if not ended:
        raise UsageError(f"no key {name!r} is open", mend="`tailorbird keys list` names them")
    emit({"name": name, "revoked": ended}, [f"{name}: revoked"], as_json=as_json)


@app.command()
def rotate(
    name: Name,
    keep_hours: Annotated[
        float, typer.Option(min=0, help="How long the old one still opens.")
    ] = 24.0,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a new key with the same name and rights, and print it."""
    import os

    from tailorbird import keys

    with record(folder) as opened:
        now = opened.clock()
        old = keys.living(opened.keys.all(), name, now)
        if old is None:
            raise UsageError(f"no key {name!r} is open", mend="`tailorbird keys create` makes one")
        key, text = keys.renewed(old, now=now, entropy=os.urandom)
        opened.keys.replace(key, now + int(keep_hours * HOUR))
    _print_new(key, text, as_json=as_json)


def _scopes(given: Sequence[str]) -> list[Scope]:
    known = {name: name for name in get_args(Scope)}
    for name in given:
        if name not in known:
            raise UsageError(f"{name!r} is no scope", mend=f"choose of {', '.join(known)}")
    return [known[name] for name in given]


def _print_new(key: Key, text: str, *, as_json: bool) -> None:
    lines = [f"{key.kind} key {key.name}:", text]
    if key.kind == "secret":
        lines.append("keep it now: it is not shown again")
    emit(_listed(key) | {"key": text}, lines, as_json=as_json)


def _listed(key: Key) -> dict[str, object]:
    import msgspec

    return {name: value for name, value in msgspec.structs.asdict(key).items() if name != "digest"}


def _until(key: Key, *, open_: bool) -> str:
    if not key.ends_at:
        return "always"
    return shown(key.ends_at) if open_ else f"ended {shown(key.ends_at)}"

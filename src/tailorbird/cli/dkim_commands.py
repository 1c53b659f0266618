"""`tailorbird dkim`: the keys that sign mails. Works beside a running server, which uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, record, shown
from tailorbird.cli.output import emit, table
from tailorbird.schema import DAY

if TYPE_CHECKING:
    from tailorbird.delivery.dkim_keys import DkimKeys, KeyPair
    from tailorbird.schema import Instant

app = typer.Typer(help="Keys that sign the mails of your domains (DKIM).", no_args_is_help=True)
Domain = Annotated[
    str, typer.Argument(help="The domain of the address that mails come from: mail.example.com.")
]


@app.command()
def new(domain: Domain, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Make a domain's first pair of keys, which signs at once, and print what the DNS must say."""
    _make(domain, 0, folder, as_json=as_json)


@app.command()
def rotate(
    domain: Domain,
    in_days: Annotated[
        float, typer.Option(min=0, help="When the new pair takes over; set its records before.")
    ] = 2.0,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a pair that takes over in some days, and print what the DNS must say by then."""
    _make(domain, int(in_days * DAY), folder, as_json=as_json)


@app.command("list")
def list_keys(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the keys of every domain: which sign, which will, which did."""
    from tailorbird.delivery.dkim_keys import DkimKeys

    with record(folder) as opened:
        keys, now = DkimKeys(folder), opened.clock()
    rows = [
        (pair.domain, pair.rsa_selector, pair.ed25519_selector, _state(keys, pair, now))
        for domain in keys.domains()
        for pair in keys.pairs(domain)
    ]
    names = ("domain", "rsa", "ed25519", "state")
    lines = table(names, rows) if rows else ["no keys; `tailorbird dkim new DOMAIN` makes a pair"]
    emit({"keys": [dict(zip(names, row, strict=True)) for row in rows]}, lines, as_json=as_json)


@app.command()
def remove(
    domain: Domain,
    selector: Annotated[str, typer.Argument(help="Either selector of the pair.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Forget a pair that does not sign; its records may leave the DNS a week after its last."""
    from tailorbird.delivery.dkim_keys import DkimKeys

    with record(folder) as opened:
        gone = DkimKeys(folder).remove(domain, selector, now=opened.clock())
    emit({"removed": gone.selectors()}, [f"removed {' and '.join(gone.selectors())}"],
         as_json=as_json)  # fmt: skip


def _make(domain: str, wait: int, folder: Folder, *, as_json: bool) -> None:
    from tailorbird.delivery.dkim_keys import DkimKeys

    with record(folder) as opened:
        keys, now = DkimKeys(folder), opened.clock()
        pair = keys.make(domain, now=now, active_from=now + wait)
    texts = {
        f"{signer.selector}._domainkey.{signer.domain}": signer.record()
        for signer in keys.signers(pair)
    }
    lines = [f"{pair.domain}: {_state(keys, pair, now)}; the DNS must say (TXT):"]
    lines += [line for name, text in texts.items() for line in (name, f"  {text}")]
    lines.append("`tailorbird doctor dns` looks whether it does")
    emit({"domain": pair.domain, "state": _state(keys, pair, now), "records": texts}, lines,
         as_json=as_json)  # fmt: skip


def _state(keys: DkimKeys, pair: KeyPair, now: Instant) -> str:
    if pair.active_from > now:
        return f"signs from {shown(pair.active_from)}"
    if pair == keys.active(pair.domain, now):
        return f"signs since {shown(pair.active_from)}"
    return "signs no more"

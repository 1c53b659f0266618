"""`tailorbird doctor`: whether what surrounds a data folder is as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, record
from tailorbird.cli.output import emit
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailorbird.delivery.dns_records import Checked, Record, Sending

app = typer.Typer(help="Look at what surrounds a data folder.", no_args_is_help=True)
NOT_READY = 1
SIGNS = {"right": "ok", "missing": "MISSING", "wrong": "WRONG", "unchecked": "?"}


@app.callback()
def root() -> None:
    """Look at what surrounds a data folder."""


@app.command()
def dns(
    domain: Annotated[
        str, typer.Argument(help="One sending domain; all that the settings name when left out.")
    ] = "",
    nameserver: Annotated[
        list[str] | None, typer.Option(help="Ask this one, 127.0.0.1:53; may be repeated.")
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Print what to set and ask nobody.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Print what the DNS must say of each sending domain, and whether it does.

    Ends with 0 when all that must be there is, with 1 when something is not or no name server
    answers.
    """
    from tailorbird.delivery.dns_records import records

    found = _chosen(_sending(folder), domain)
    wanted = {each.domain: records(each) for each in found}
    checks, silence = _looked_up(wanted, nameserver or [], ask=not no_check)
    bad = _to_mend(checks)
    lines = [line for name, each in checks.items() for line in _lines(name, each)]
    if silence:
        lines.append(f"{silence}: nothing was checked; try again where there is a network")
    elif not no_check:
        lines.append(f"{len(bad)} to mend" if bad else "all that must be there is")
    emit(
        {
            "domains": {name: _listed(each) for name, each in checks.items()},
            "checked": not (no_check or silence),
            "ready": not (bad or silence or no_check),
        },
        lines,
        as_json=as_json,
    )
    return NOT_READY if bad or silence else 0


def _to_mend(checks: Mapping[str, Sequence[Checked]]) -> list[Checked]:
    """Return what must be there and is not, or is wrong."""
    return [
        each
        for found in checks.values()
        for each in found
        if each.record.need == "must" and each.verdict in ("missing", "wrong")
    ]


def _sending(folder: Path) -> list[Sending]:
    from tailorbird import letters

    with record(folder) as opened:
        return letters.sending(opened.settings, folder, opened.clock())


def _chosen(found: Sequence[Sending], domain: str) -> list[Sending]:
    chosen = [each for each in found if domain in ("", each.domain)]
    if not chosen:
        known = ", ".join(each.domain for each in found)
        raise UsageError(f"no mail comes from {domain!r}", mend=f"sending domains here: {known}")
    return chosen


def _looked_up(
    wanted: dict[str, list[Record]], nameservers: Sequence[str], *, ask: bool
) -> tuple[dict[str, list[Checked]], str]:
    """Return what was found of each domain, and why nothing was, or ''."""
    from tailorbird.delivery.dns_records import checked, unchecked
    from tailorbird.delivery.resolver import DnsResolver

    plain = {name: unchecked(each) for name, each in wanted.items()}
    if not ask:
        return plain, ""
    try:
        resolver = DnsResolver(nameservers)
        return {name: checked(each, resolver) for name, each in wanted.items()}, ""
    except OSError as error:
        return plain, str(error)


def _lines(domain: str, checks: Sequence[Checked]) -> list[str]:
    lines = [f"{domain}:"]
    for each in checks:
        entry = each.record
        wish = "" if entry.need == "must" else " (may be)"
        sign = SIGNS[each.verdict] if entry.need == "must" or each.verdict == "right" else "-"
        lines += [
            f"  {sign:8}{entry.part}{wish}: {entry.why}",
            f"          {entry.name}  {entry.kind}  {entry.value}",
        ]
        if each.said:
            lines.append(f"          {each.said}")
    return lines


def _listed(checks: Sequence[Checked]) -> list[dict[str, str]]:
    import msgspec

    return [
        msgspec.to_builtins(each.record) | {"verdict": each.verdict, "said": each.said}
        for each in checks
    ]

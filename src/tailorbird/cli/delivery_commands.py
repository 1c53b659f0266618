"""`tailorbird delivery`: how sending stands, what holds it, what is in doubt, does it add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tailorbird.cli import pace_commands
from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Limit,
    Reason,
    check_exists,
    opened,
    record,
    shown,
)
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tailorbird.outbox import Fault, InDoubt, Order, OrderAct

app = typer.Typer(help="Sending: how it stands, what holds it up.", no_args_is_help=True)
Campaign = Annotated[str, typer.Argument(help="The campaign; all sending when left out.")]
STATES = ("pending", "claimed", "sent", "unknown", "failed", "cancelled")
FAULTS_SHOWN = 50


@app.command()
def status(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show the sends of each campaign by state, what stands still, who is at work, what waits."""
    from tailorbird import pacing

    with record(folder) as found:
        campaigns = found.ledger.campaigns()
        standing = found.ledger.standing()
        workers = found.ledger.workers()
        orders = found.ledger.orders(limit=10)
        pace = pacing.status(found.settings, found.lanes, found.clock())
    rows = [
        (name, *(states.get(state, 0) for state in STATES), _stands(name, standing))
        for name, states in campaigns.items()
    ]
    lines = table(("campaign", *STATES, "stands"), rows) if rows else ["nothing was ever sent"]
    if "" in standing:
        lines.append(f"all sending: {standing[''].act}, {standing[''].reason or 'no reason given'}")
    lines += [f"at work: {', '.join(workers)}"] if workers else []
    lines += [
        f"{shown(each.at)}  {each.act} {each.campaign or 'all sending'}  {each.author}  "
        f"{each.reason}".rstrip()
        for each in orders
    ]
    if pace.paced and pace.waiting:
        lines += ["", *pace_commands.lines_of(pace)]
    told = {"campaigns": campaigns, "standing": standing, "workers": workers, "orders": orders}
    emit({**told, "pace": pace}, lines, as_json=as_json)


@app.command()
def pause(
    campaign: Campaign = "",
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Have every worker stop at once, in the middle of a batch too; what waits stays."""
    _ordered("pause", campaign, reason, author, folder, as_json=as_json)


@app.command()
def resume(
    campaign: Campaign = "",
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Go on with what was paused; what was cancelled stays cancelled."""
    _ordered("resume", campaign, reason, author, folder, as_json=as_json)


@app.command()
def cancel(
    campaign: Campaign = "",
    everything: Annotated[bool, typer.Option("--all", help="Cancel all sending.")] = False,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Never send what has not left, nor what is decided until it is resumed."""
    if not campaign and not everything:
        raise UsageError("this would cancel all sending", mend="name a campaign, or say --all")
    _ordered("cancel", campaign, reason, author, folder, as_json=as_json)


@app.command()
def unknowns(limit: Limit = 100, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List sends whose last line left and whose answer nobody knows."""
    with record(folder) as found:
        doubted = found.audit.unknowns(limit=limit)
    rows = [
        (each.send_id.hex(), each.campaign, each.person, shown(each.since), each.carrier)
        for each in doubted
    ]
    lines = table(("send", "campaign", "person", "since", "carrier"), rows)
    emit(
        [_readable(each) for each in doubted],
        lines if rows else ["nothing is in doubt"],
        as_json=as_json,
    )


@app.command()
def settle(
    send: Annotated[str, typer.Argument(help="The send, hexadecimal; --all settles by rule.")] = "",
    sent: Annotated[
        bool | None, typer.Option("--sent/--again", help="It was delivered, or is to be sent.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is in doubt.")] = False,
    campaign: Annotated[str, typer.Option(help="With --all: of this campaign alone.")] = "",
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say what became of a send in doubt. To send it again may bring somebody two mails."""
    from tailorbird import reconciling

    if sent is None or bool(send) == everything:
        raise UsageError("say which and what", mend="name a send or --all; --sent or --again")
    with record(folder) as found:
        both, now = (found.ledger, found.audit), found.clock()
        if everything:
            ends = reconciling.settle_all(*both, retry=not sent, now=now, campaign=campaign)
        else:
            reconciling.settle(
                *both, _send_id(send), sent=sent, reason=reason, author=author, now=now
            )
            ends = 1
    done = "counted as delivered" if sent else "to be sent again"
    emit({"settled": ends, "sent": sent}, [f"{ends:,} sends {done}"], as_json=as_json)


@app.command()
def verify(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> int:
    """Lay decisions, outbox, settlements, journals, events and carrier side by side.

    Ends with 1, and lists it, where anything does not add up. Stop the server first.
    """
    from tailorbird import reconciling, sending

    with opened(folder) as tb:
        sending.announce(tb.world)
        tb.ingest()
        faults = list(reconciling.verify(tb.world, tb.clock()))
        states = tb.world.ledger.states()
    rows = [(each.kind, each.send_id.hex(), each.detail) for each in faults[:FAULTS_SHOWN]]
    lines = table(("what", "send", "more"), rows) if rows else []
    more = len(faults) - len(rows)
    lines += [f"and {more:,} more"] if more else []
    lines.append(f"{sum(states.values()):,} sends: {len(faults):,} things do not add up")
    told = [_readable(each) for each in faults]
    emit({"faults": told, "states": states}, lines, as_json=as_json)
    return 1 if faults else 0


@app.command()
def share(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Move what was decided, sent and enrolled to the server of `ledger.url`, for many machines.

    Stop what works on the folder first. Killed at any instant, run it again.
    """
    import os
    import secrets

    from tailorbird import moving
    from tailorbird.app import wall_clock

    check_exists(folder)
    rows = moving.share(folder, os.environ, wall_clock, secrets.token_hex(8))
    lines = table(("what", "rows"), [(name, f"{count:,}") for name, count in rows.items()])
    lines = [*lines, ""] if rows else []
    lines.append("the ledger is on the server now: every command needs its address from here on")
    emit({"rows": rows}, lines, as_json=as_json)


def _ordered(
    act: OrderAct, campaign: str, reason: str, author: str, folder: Path, *, as_json: bool
) -> None:

    from tailorbird.outbox import Order

    with record(folder) as found:
        known = found.ledger.campaigns()
        if campaign and campaign not in known and campaign not in found.ledger.standing():
            mend = f"there are {', '.join(known)}" if known else "nothing was decided yet"
            raise UsageError(f"nothing was decided for a campaign {campaign!r}", mend=mend)
        order = Order(act, found.clock(), campaign, author, reason)
        cancelled = found.ledger.order(order)
    what = campaign or "all sending"
    done = f"{what}: {act}" + (f", {cancelled:,} sends cancelled" if act == "cancel" else "")
    emit({"order": order, "cancelled": cancelled}, [done], as_json=as_json)


def _readable(each: InDoubt | Fault) -> dict[str, Any]:
    return msgspec.structs.asdict(each) | {"send_id": each.send_id.hex()}


def _stands(name: str, standing: Mapping[str, Order]) -> str:
    order = standing.get(name)
    return order.act if order else ""


def _send_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"{text!r} is no send", mend="write its 32 hexadecimal digits") from None

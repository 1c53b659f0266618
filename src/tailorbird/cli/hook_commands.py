"""`tailorbird hooks`: receivers of webhooks. Works beside a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Cursor,
    Folder,
    Limit,
    opened,
    record,
    shown,
)
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.access import Hook
    from tailorbird.beside import Record

app = typer.Typer(help="Webhooks out: who is told what changed.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The hook's id.")]


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where it listens; https.")],
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="A type of notice; all when left out.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="A profile field whose values go along; names alone when left out."),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a hook and print its secret, which is shown this once."""
    import os

    from tailorbird import notify
    from tailorbird.posting import checked

    with record(folder) as found:
        checked(url, found.settings.hooks_out)
        hook, secret = notify.make_hook(
            url, type_ or (), field or (), now=found.clock(), entropy=os.urandom
        )
        found.hooks.add(hook, secret)
    text = notify.shown(secret)
    lines = [f"hook {hook.id} tells {hook.url}", f"{text}", "keep it now: it is not shown again"]
    emit(_listed(hook) | {"secret": text}, lines, as_json=as_json)


@app.command("list")
def list_hooks(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the hooks, and why one is disabled."""
    with record(folder) as found:
        hooks = found.hooks.all()
    rows = [(hook.id, hook.url, _state(hook), " ".join(hook.types)) for hook in hooks]
    lines = table(("id", "address", "state", "types"), rows) if rows else ["there is no hook"]
    emit([_listed(hook) for hook in hooks], lines, as_json=as_json)


@app.command()
def remove(hook: Id, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Remove a hook; what waits for it is given up."""
    with record(folder) as found:
        if not found.hooks.remove(hook, found.clock()):
            raise _unknown(hook)
    emit({"removed": hook}, [f"{hook}: removed"], as_json=as_json)


@app.command()
def enable(hook: Id, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Let a disabled hook be told again, from where it stopped."""
    with record(folder) as found:
        _find(found, hook)
        found.hooks.mark(hook)
    emit({"enabled": hook}, [f"{hook}: enabled"], as_json=as_json)


@app.command("test")
def try_out(hook: Id, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> int:
    """Send a notice of the type `test` now and print the answer; no server may run."""
    import os

    from tailorbird import notify
    from tailorbird.web.hook_sender import sending_of

    with opened(folder) as tb:
        hooks = [each for each in tb.world.hooks.all() if each.id == hook]
        if not hooks:
            raise _unknown(hook)
        sending = sending_of(tb.world.settings.hooks_out)
        answer = notify.try_out(tb.world, hooks[0], sending, tb.clock(), os.urandom)
    line = f"{answer.status or 'no answer'}: {answer.text}".rstrip(": ")
    emit({"status": answer.status, "text": answer.text}, [line], as_json=as_json)
    return 0 if 200 <= answer.status < 300 else 1


@app.command()
def deliveries(
    hook: Annotated[str, typer.Argument(help="A hook's id; all hooks when empty.")] = "",
    before: Cursor = 0,
    limit: Limit = 20,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List notices and how their sending went, the newest first."""
    with record(folder) as found:
        notices = found.hooks.page(hook, before, limit)
    rows = [
        (
            notice.id, notice.type, notice.state, notice.attempts,
            f"{notice.status or ''} {notice.reply}".strip(), shown(notice.created_at),
        )
        for notice in notices
    ]  # fmt: skip
    headings = ("id", "type", "state", "attempts", "answer", "at")
    lines = table(headings, rows) if rows else ["nothing was told"]
    following = notices[-1].sequence if len(notices) == limit else 0
    if following:
        lines.append(f"more: --before {following}")
    emit({"notices": notices, "next": following}, lines, as_json=as_json)


@app.command()
def redeliver(
    notice: Annotated[str, typer.Argument(help="A notice's id.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Have a notice sent again under its id by the running server."""
    with record(folder) as found:
        if not found.hooks.again(notice, found.clock()):
            raise UsageError(
                f"there is no notice {notice!r}", mend="`tailorbird hooks deliveries` names them"
            )
    emit({"redeliver": notice}, [f"{notice}: waits to be sent again"], as_json=as_json)


def _find(found: Record, hook: str) -> Hook:
    for each in found.hooks.all():
        if each.id == hook:
            return each
    raise _unknown(hook)


def _unknown(hook: str) -> UsageError:
    return UsageError(f"there is no hook {hook!r}", mend="`tailorbird hooks list` names them")


def _listed(hook: Hook) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(hook)


def _state(hook: Hook) -> str:
    if hook.disabled:
        return f"disabled: {hook.disabled}"
    return f"failing since {shown(hook.failing_since)}" if hook.failing_since else "enabled"

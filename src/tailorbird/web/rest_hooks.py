"""The API of hooks: for callers with the scope `admin`."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import delete, get, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from tailorbird import notify
from tailorbird.access import Hook, Notice
from tailorbird.posting import checked
from tailorbird.views import moment
from tailorbird.views.records import (
    HookRow,
    MadeHook,
    NewHook,
    NoticePage,
    NoticeRow,
    TriedHook,
)
from tailorbird.web.asking import ADMIN, GUARDED, INVALID, MISSING, WRITING, At, Cursor, Limit
from tailorbird.web.desk import Desk
from tailorbird.web.hook_sender import sending_of

HookId = Annotated[str, PathParameter(max_length=100, description="The hook's id.")]
NoticeId = Annotated[str, PathParameter(max_length=100, description="The notice's id.")]
ASKED: Final = INVALID | GUARDED


@get("/hooks", summary="All hooks", tags=["hooks"], responses=ASKED, **ADMIN)
def list_hooks(desk: At) -> tuple[HookRow, ...]:
    """Return every receiver of webhooks, and why one is disabled."""
    return tuple(_row(hook) for hook in desk.world.hooks.all())


@post("/hooks", summary="Make a hook", tags=["hooks"], responses=WRITING, **ADMIN)
def create_hook(desk: At, data: JSONBody[NewHook]) -> MadeHook:
    """Return a new receiver with its secret, which is shown this once.

    It is told of what changes from the next tick on.
    """
    checked(data.url, desk.world.settings.hooks_out)
    hook, secret = notify.make_hook(
        data.url, data.types, data.fields, now=desk.clock(), entropy=desk.entropy
    )
    desk.world.hooks.add(hook, secret)
    return MadeHook(notify.shown(secret), _row(hook))


@delete("/hooks/{hook:str}", summary="Remove a hook", tags=["hooks"],
        responses=ASKED | MISSING, **ADMIN)  # fmt: skip
def remove_hook(desk: At, hook: HookId) -> None:
    """Remove a receiver; what waits for it is given up."""
    if not desk.world.hooks.remove(hook, desk.clock()):
        raise NotFoundException(f"there is no hook {hook!r}")


@post("/hooks/{hook:str}/enable", summary="Enable a hook", tags=["hooks"], status_code=200,
      responses=ASKED | MISSING, **ADMIN)  # fmt: skip
def enable_hook(desk: At, hook: HookId) -> HookRow:
    """Let a disabled receiver be told again, from where it stopped."""
    _find(desk, hook)
    desk.world.hooks.mark(hook)
    return _row(_find(desk, hook))


@post("/hooks/{hook:str}/test", summary="Try a hook", tags=["hooks"], status_code=200,
      responses=ASKED | MISSING, **ADMIN)  # fmt: skip
def try_hook(desk: At, hook: HookId) -> TriedHook:
    """Send a notice of the type `test` now, once, and return the answer."""
    found = _find(desk, hook)
    sending = sending_of(desk.world.settings.hooks_out)
    answer = notify.try_out(desk.world, found, sending, desk.clock(), desk.entropy)
    return TriedHook(answer.status, answer.text)


@get("/hooks/{hook:str}/deliveries", summary="What a hook was told", tags=["hooks"],
     responses=ASKED | MISSING, **ADMIN)  # fmt: skip
def list_deliveries(desk: At, hook: HookId, after: Cursor = "", limit: Limit = 50) -> NoticePage:
    """Return notices and how their sending went, the newest first."""
    _find(desk, hook)
    if after and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise ValidationException("after: no cursor of this list")
    found = desk.world.hooks.page(hook, int(after or 0), limit + 1)
    shown = tuple(_notice(notice) for notice in found[:limit])
    return NoticePage(shown, str(found[limit - 1].sequence) if len(found) > limit else "")


@post("/hooks/deliveries/{notice:str}/redeliver", summary="Tell again", tags=["hooks"],
      status_code=204, responses=ASKED | MISSING, **ADMIN)  # fmt: skip
def redeliver(desk: At, notice: NoticeId) -> None:
    """Have a notice sent again under its id."""
    if not desk.world.hooks.again(notice, desk.clock()):
        raise NotFoundException(f"there is no notice {notice!r}")


def _find(desk: Desk, hook: str) -> Hook:
    for each in desk.world.hooks.all():
        if each.id == hook:
            return each
    raise NotFoundException(f"there is no hook {hook!r}")


def _row(hook: Hook) -> HookRow:
    return HookRow(
        hook.id, hook.url, hook.types, hook.fields, moment(hook.created_at),
        moment(hook.failing_since) if hook.failing_since else None, hook.disabled,
    )  # fmt: skip


def _notice(notice: Notice) -> NoticeRow:
    return NoticeRow(
        notice.id, notice.type, notice.state, notice.attempts, notice.status, notice.reply,
        moment(notice.created_at), moment(notice.due_at),
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_hooks,
    create_hook,
    remove_hook,
    enable_hook,
    try_hook,
    list_deliveries,
    redeliver,
]

"""The API of suppressions, for admins' keys and the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird.errors import UsageError
from tailorbird.suppressing import Said, Suppressing
from tailorbird.suppression_words import SUPPRESSION_REASONS, SuppressionWord
from tailorbird.views import moment
from tailorbird.views.suppressions import (
    AskedAddress,
    LiftedSuppressions,
    NewSuppressions,
    RefusedAddress,
    SuppressionCheck,
    SuppressionCount,
    SuppressionFile,
    SuppressionPage,
    SuppressionReport,
    SuppressionRow,
)
from tailorbird.web.asking import (
    AT_CONSOLE,
    GUARDED,
    INVALID,
    WRITING,
    At,
    Cursor,
    Limit,
    Text,
    With,
    place,
)
from tailorbird.web.desk import Desk

SAID: Final[dict[str, Any]] = {
    "tags": ["suppressions"], "status_code": 200, "responses": WRITING,
    "request_max_body_size": 16 << 20, **AT_CONSOLE,
}  # fmt: skip
"""A file of a quarter of a million addresses fits."""


@get("/suppressions", summary="What bars addresses", tags=["suppressions"],
     responses=INVALID | GUARDED, **AT_CONSOLE)  # fmt: skip
def list_suppressions(
    desk: At, reason: Text = "", after: Cursor = "", limit: Limit = 50
) -> SuppressionPage:
    """Return what bars addresses now, of one reason or all, and the counts."""
    if reason and reason not in SUPPRESSION_REASONS:
        mend = f"write one of {', '.join(SUPPRESSION_REASONS)}"
        raise UsageError(f"{reason!r} is no reason of a suppression", mend=mend)
    store = desk.world.suppressions
    page = store.standing(after=place(after), limit=limit, reason=reason)
    return SuppressionPage(
        tuple(SuppressionCount(*each) for each in store.counts()),
        _rows(desk, [word for _, word in page]),
        str(page[-1][0]) if len(page) == limit else "",
    )


@post("/suppressions", summary="Bar addresses", **SAID)
def add_suppressions(desk: At, writer: With, data: JSONBody[NewSuppressions]) -> SuppressionReport:
    """Bar addresses, from now on and in every campaign that is being sent."""
    said = _hand(desk, writer.key).add(
        data.addresses, data.reason, purpose=data.purpose, note=data.note
    )
    return _report(said)


@post("/suppressions/lift", summary="Lift suppressions", **SAID)
def lift_suppressions(
    desk: At, writer: With, data: JSONBody[LiftedSuppressions]
) -> SuppressionReport:
    """Take one reason from addresses, or all; whoever unsubscribed has to agree anew."""
    return _report(_hand(desk, writer.key).lift(data.addresses, data.reason, note=data.note))


@post("/suppressions/import", summary="Bar the addresses of a file", **SAID)
def import_suppressions(
    desk: At, writer: With, data: JSONBody[SuppressionFile]
) -> SuppressionReport:
    """Bar the addresses of a CSV file; `refused` tells which lines were not taken, and why."""
    lines = data.text.removeprefix("\ufeff").splitlines(keepends=True)
    said, _ = _hand(desk, writer.key).load(
        lines, data.file, reason=data.reason, purpose=data.purpose
    )
    return _report(said)


@post("/suppressions/check", summary="Ask about an address", **SAID)
def check_suppression(desk: At, data: JSONBody[AskedAddress]) -> SuppressionCheck:
    """Return what stands against an address, and all that was ever said of it."""
    checked = _hand(desk, "").check(data.address)
    return SuppressionCheck(_rows(desk, checked.standing), _rows(desk, checked.said))


def _hand(desk: Desk, author: str) -> Suppressing:
    world = desk.world
    return Suppressing(world.suppressions, world.log, desk.clock(), "rest", author)


def _report(said: Said) -> SuppressionReport:
    refused = tuple(RefusedAddress(each.line, each.why, each.mend) for each in said.refused)
    return SuppressionReport(said.changed, said.already, refused)


def _rows(desk: Desk, words: Sequence[SuppressionWord]) -> tuple[SuppressionRow, ...]:
    known = desk.world.people.addresses(list({word.address_key for word in words}))
    return tuple(_row(word, known) for word in words)


def _row(word: SuppressionWord, known: Mapping[bytes, str]) -> SuppressionRow:
    return SuppressionRow(
        known.get(word.address_key, ""), word.address_key.hex(), word.reason, word.purpose,
        moment(word.at), word.barred, word.source, word.author, word.note,
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_suppressions,
    add_suppressions,
    lift_suppressions,
    import_suppressions,
    check_suppression,
]

"""The API of refused records. What shows or changes them is for admins' keys and the console."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import get, post, put
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.collect.mending import parse_rule
from tailorbird.errors import UsageError
from tailorbird.readings import quarantine as reading
from tailorbird.repair import Repair, Which
from tailorbird.schema import QuarantineState
from tailorbird.views.quarantine import (
    DiscardChoice,
    DiscardReport,
    MendedRecord,
    QuarantinePage,
    RefusedRecord,
    ReplayChoice,
    ReplayReport,
    RuleReport,
    RuleText,
)
from tailorbird.web.asking import (
    AT_CONSOLE,
    GUARDED,
    INVALID,
    MISSING,
    WRITING,
    At,
    Cursor,
    Limit,
    Text,
    place,
    reads,
)
from tailorbird.web.desk import Desk

LARGEST_RECORD_BYTES: Final = 4 << 20
Position = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="The record's position.")]
State = Annotated[
    QuarantineState | None, QueryParameter(name="state", description="Only those in this state.")
]
TAG: Final = "quarantine"


@reads("/quarantine", "Refused records", TAG)
def list_refused(
    desk: At,
    standing: State = None,
    code: Text = "",
    source: Text = "",
    after: Cursor = "",
    limit: Limit = 50,
) -> QuarantinePage:
    """Return refused records without their values, the first first, and counts by code."""
    return reading.page(
        desk.world,
        desk.clock(),
        state=standing,
        which=Which(code=code, source=source),
        after=place(after),
        limit=limit,
    )


@get("/quarantine/{position:int}", summary="One refused record", tags=[TAG],
     responses=INVALID | GUARDED | MISSING, **AT_CONSOLE)  # fmt: skip
def get_refused(desk: At, position: Position) -> RefusedRecord:
    """Return a record with its values, which may be personal, and whether it would pass now."""
    return reading.record(_at(desk, position).inspect(position))


@post("/quarantine/{position:int}/check", summary="Check a mended record", tags=[TAG],
      status_code=200, responses=WRITING | MISSING, request_max_body_size=LARGEST_RECORD_BYTES,
      **AT_CONSOLE)  # fmt: skip
def check_mended(desk: At, position: Position, data: JSONBody[MendedRecord]) -> RefusedRecord:
    """Return how a held record would stand as it is given; nothing is kept."""
    return reading.record(_at(desk, position).tried(position, _bytes(data)))


@put("/quarantine/{position:int}", summary="Mend a record", tags=[TAG],
     responses=WRITING | MISSING, request_max_body_size=LARGEST_RECORD_BYTES,
     **AT_CONSOLE)  # fmt: skip
def mend_refused(desk: At, position: Position, data: JSONBody[MendedRecord]) -> RefusedRecord:
    """Keep a held record as it is given, and return how it stands; `replay` brings it back."""
    return reading.record(_at(desk, position).fix(position, _bytes(data)))


@post("/quarantine/mend", summary="Mend by a rule", tags=[TAG], status_code=200,
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def mend_by_rule(desk: At, data: JSONBody[RuleText]) -> RuleReport:
    """Return what a rule does to the held records; they change only where `keep` is said."""
    rule = parse_rule(data.text, "rule.yaml")
    fixed = Repair(desk.world, desk.clock()).fix_many(rule, dry_run=not data.keep)
    return RuleReport(
        fixed.rule,
        fixed.matched,
        fixed.passing,
        fixed.refused,
        fixed.kept,
        reading.rows(fixed.first_refused),
    )


@post("/quarantine/replay", summary="Replay records", tags=[TAG], status_code=200,
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def replay_refused(desk: At, data: JSONBody[ReplayChoice]) -> ReplayReport:
    """Bring back to the log the chosen records that pass now; the others stay held."""
    done = Repair(desk.world, desk.clock()).replay(_which(data), data.reason)
    desk.settled(desk.world.log.end(), "durable")
    return ReplayReport(done.replayed, done.refused, reading.rows(done.first_refused))


@post("/quarantine/discard", summary="Give up records", tags=[TAG], status_code=200,
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def discard_refused(desk: At, data: JSONBody[DiscardChoice]) -> DiscardReport:
    """Give up the chosen records for good; they stay listed, with the reason."""
    return DiscardReport(Repair(desk.world, desk.clock()).discard(_which(data), data.reason))


def _at(desk: Desk, position: int) -> Repair:
    if desk.world.quarantine.one(position) is None:
        raise NotFoundException(f"no record was refused at position {position}")
    return Repair(desk.world, desk.clock())


def _which(data: ReplayChoice | DiscardChoice) -> Which:
    if data.positions and (data.code or data.source):
        raise UsageError("two choices at once", mend="name positions, or a code and a source")
    which = Which(tuple(map(int, data.positions)), data.code, data.source)
    if which == Which():
        raise UsageError("nothing is chosen", mend="name positions, a code or a source")
    return which


def _bytes(data: MendedRecord) -> bytes:
    return data.text.encode()


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_refused,
    get_refused,
    check_mended,
    mend_refused,
    mend_by_rule,
    replay_refused,
    discard_refused,
]

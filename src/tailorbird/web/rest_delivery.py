"""The API of sending: how it stands, what holds it up, what is in doubt, does it add up."""

from __future__ import annotations

from typing import Final

from litestar import get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import reconciling
from tailorbird.errors import UsageError
from tailorbird.outbox import Order
from tailorbird.views import moment
from tailorbird.views.delivery import (
    CampaignSends,
    DoubtSettled,
    FaultRow,
    NewOrder,
    OrderReport,
    Reconciliation,
    SendInDoubt,
    SendingOrder,
    SendingStatus,
    SendsInDoubt,
)
from tailorbird.web.asking import (
    AT_CONSOLE,
    GUARDED,
    INVALID,
    WRITING,
    At,
    Cursor,
    Id,
    Limit,
    With,
    hexadecimal,
    reads,
)

FAULTS_SHOWN: Final = 1000


@reads("/delivery", "How sending stands", "delivery")
def get_delivery(desk: At) -> SendingStatus:
    """Return the sends of each campaign by state, and what stands still."""
    ledger = desk.world.ledger
    standing = ledger.standing()
    return SendingStatus(
        tuple(
            CampaignSends(name, states, standing[name].act if name in standing else None)
            for name, states in ledger.campaigns().items()
        ),
        standing[""].act if "" in standing else None,
        tuple(ledger.workers()),
        tuple(map(_order, ledger.orders(limit=50))),
    )


@post("/delivery/orders", summary="Pause, resume, cancel", tags=["delivery"], responses=WRITING,
      **AT_CONSOLE)  # fmt: skip
def order_delivery(desk: At, writer: With, data: JSONBody[NewOrder]) -> OrderReport:
    """Have every worker stop or go on at once, in the middle of a batch too."""
    ledger = desk.world.ledger
    if data.act == "cancel" and not data.campaign and not data.everything:
        raise UsageError("this would cancel all sending", mend="name a campaign, or `everything`")
    if data.campaign and data.campaign not in {*ledger.campaigns(), *ledger.standing()}:
        what = f"nothing was decided for a campaign {data.campaign!r}"
        raise UsageError(what, mend="GET /api/v1/delivery tells which there are")
    order = Order(data.act, desk.clock(), data.campaign, writer.key or "console", data.reason)
    return OrderReport(_order(order), ledger.order(order))


@get("/delivery/unknowns", summary="Sends in doubt", tags=["delivery"],
     responses=INVALID | GUARDED, **AT_CONSOLE)  # fmt: skip
def list_unknowns(desk: At, after: Cursor = "", limit: Limit = 50) -> SendsInDoubt:
    """Return sends whose last line left and whose answer nobody knows."""
    page = desk.world.audit.unknowns(hexadecimal(after), limit)
    return SendsInDoubt(
        tuple(
            SendInDoubt(
                each.send_id.hex(), each.campaign, each.person, moment(each.since), each.carrier,
                each.reply,
            )
            for each in page
        ),
        page[-1].send_id.hex() if len(page) == limit else "",
    )  # fmt: skip


@post("/delivery/unknowns/{send_id:str}", summary="Settle a send in doubt", tags=["delivery"],
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def settle_unknown(
    desk: At, writer: With, send_id: Id, data: JSONBody[DoubtSettled]
) -> SendsInDoubt:
    """Say what became of a send; return what was known of it."""
    world = desk.world
    was = reconciling.settle(
        world.ledger, world.audit, hexadecimal(send_id), sent=data.sent, reason=data.reason,
        author=writer.key or "console", now=desk.clock(),
    )  # fmt: skip
    row = SendInDoubt(
        was.send_id.hex(), was.campaign, was.person, moment(was.since), was.carrier, was.reply
    )
    return SendsInDoubt((row,))


@get("/delivery/verification", summary="Does it add up?", tags=["delivery"],
     responses=INVALID | GUARDED, **AT_CONSOLE)  # fmt: skip
def verify_delivery(desk: At) -> Reconciliation:
    """Lay decisions, outbox, settlements, journals, events and carrier side by side."""
    shown: list[FaultRow] = []
    count = 0
    for fault in reconciling.verify(desk.world, desk.clock()):
        count += 1
        if count <= FAULTS_SHOWN:
            shown.append(FaultRow(fault.kind, fault.send_id.hex(), fault.detail))
    return Reconciliation(tuple(shown), count, desk.world.ledger.states())


def _order(order: Order) -> SendingOrder:
    return SendingOrder(order.act, moment(order.at), order.campaign, order.author, order.reason)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_delivery,
    order_delivery,
    list_unknowns,
    settle_unknown,
    verify_delivery,
]

"""Every figure of the demo, computed a second way: from the input itself, or from another store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailorbird import authoring, flow
from tailorbird.app import Tailorbird
from tailorbird.demo import carts
from tailorbird.demo.facts_of_file import FileFacts, read_file
from tailorbird.demo.report import Check, Counts, Report
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Instant, Names

if TYPE_CHECKING:
    from tailorbird.demo.plan import Plan

_COUNTS: Final = """
SELECT COUNT(*) AS events, COUNT(*) FILTER (WHERE person IS NULL) AS guests,
    COUNT(DISTINCT CASE WHEN event = ?1 THEN order_id END) AS orders,
    COUNT(DISTINCT CASE WHEN event = ?2 THEN order_id END) AS returns,
    CAST(COALESCE(SUM(CASE event WHEN ?1 THEN value_minor WHEN ?2 THEN -value_minor END), 0)
        AS BIGINT) AS revenue
FROM facts WHERE source = ?3 OR ?3 = ''
"""
_ORDERS_BEFORE: Final = """
SELECT COUNT(DISTINCT order_id) AS n FROM facts
WHERE event = ? AND "at" < (SELECT MIN("at") FROM facts WHERE event = ?)
"""
UNLIKELY: Final = 0.001
"""A check of chance is off when it would be so less than once in a thousand runs."""


def counts(tb: Tailorbird, source: str = "") -> Counts:
    """Return what the facts hold, of one source or of all."""
    row = tb.world.facts.read(_COUNTS, (Names.PURCHASE, Names.RETURN, source)).to_pylist()[0]
    products = tb.world.facts.read("SELECT COUNT(*) AS n FROM products").to_pylist()[0]["n"]
    return Counts(
        people=tb.world.people.count(),
        events=row["events"],
        guests=row["guests"],
        products=products,
        orders=row["orders"],
        returns=row["returns"],
        revenue_minor=row["revenue"],
        quarantined=len(tb.world.people.quarantined(0, 10_000_000)),
    )


def run(
    tb: Tailorbird, plan: Plan, report: Report, now: Instant, true_buyers: dict[str, int]
) -> Iterator[Check]:
    """Yield every check."""
    yield from _books_balance(tb, report)
    yield from _segments_agree(tb, now)
    yield from _experiment_is_sound(report)
    yield from _carts_are_recovered(tb, report, now)
    for outcome in report.arms:
        name = f"buyers of arm {outcome.arm.name} are those of the truth"
        yield _equal(name, outcome.arm.buyers, true_buyers.get(outcome.arm.name, 0))
    if plan.data is None:
        yield from _truth_agrees(tb, plan.folder / "truth" / "people.parquet")
    else:
        yield from _file_agrees(tb, report, read_file(plan.data))


def _books_balance(tb: Tailorbird, report: Report) -> Iterator[Check]:
    """The ledger, the outbox, the inbox and the facts tell the same story."""
    sends = report.decisions.get("send", 0)
    states = tb.world.ledger.states(report.campaign)
    ended = sum(states.values())
    yield _equal("every send decided is in the outbox", ended, sends)
    yield _equal("no send is left open", states.get("pending", 0) + states.get("claimed", 0), 0)
    yield _equal("mails in the inbox are the sends", report.mails.messages, states.get("sent", 0))
    told = tb.world.facts.read(
        "SELECT COUNT(*) AS n, COUNT(DISTINCT person) AS people FROM facts "
        "WHERE event = ? AND campaign = ?",
        (Names.EMAIL_SENT, report.campaign),
    ).to_pylist()[0]
    yield _equal("the facts know every mail", told["n"], report.mails.messages)
    yield _equal("nobody got two", told["people"], told["n"])
    yield _equal("receipts fit their hash chain", tb.world.people.broken_receipts(), 0)


def _segments_agree(tb: Tailorbird, now: Instant) -> Iterator[Check]:
    wrong = tb.verify_segments()
    yield _equal("incremental segments equal full ones", len(wrong), 0)
    standing = {segment.name: segment for segment in authoring.standing_segments(tb.world)}
    tiers = [standing[name] for name in ("gold", "silver", "bronze") if name in standing]
    people = [set(flow.people_in(tb.world, tier, now)) for tier in tiers]
    overlap = sum(map(len, people)) - len(set().union(*people))
    yield _equal("nobody is in two tiers", overlap, 0)


def _experiment_is_sound(report: Report) -> Iterator[Check]:
    ratio = report.experiment.sample_ratio
    yield Check(
        "sample ratio as drawn",
        round(ratio.p_value, 4),
        f"p-value of at least {UNLIKELY}",
        ratio.p_value >= UNLIKELY,
    )
    for card in report.models:
        yield Check(
            f"model {card.name} was judged",
            len(card.measures),
            "measures beside the naive rule, or a refusal",
            bool(card.measures) or not card.serves,
        )


def _carts_are_recovered(tb: Tailorbird, report: Report, now: Instant) -> Iterator[Check]:
    """Whoever filled a cart and did not buy has a mail, if she may be written to."""
    people = [person for person, _ in carts.shoppers(tb)]
    left = [person for number, person in enumerate(people) if not carts.buys(number)]
    states = tb.world.people.consent_states(left)
    allowed = [
        state
        for state in states.values()
        if isinstance(permit(state, state.person, "email_marketing", now), Permit)
        and state.has_address
    ]
    yield _equal("every cart was filled in the journey", report.carts.filled, len(people))
    yield _equal("whoever bought left it", report.carts.bought, len(people) - len(left))
    yield _equal("carts left behind brought mails", report.carts.mails, len(allowed))


def _truth_agrees(tb: Tailorbird, people: Path) -> Iterator[Check]:
    """The people and their orders are those of the simulator, duplicates joined where told."""
    import pyarrow.parquet as pq

    own = [row for row in pq.read_table(people).to_pylist() if not row["duplicate_of"]]
    apart = sum(row["second_seen"] and not row["second_linked"] for row in own)
    yield _equal("people are those of the truth", tb.world.people.count(), len(own) + apart)
    found = tb.world.facts.read(_ORDERS_BEFORE, (Names.PURCHASE, Names.EMAIL_SENT)).to_pylist()
    ordered = sum(row["orders"] for row in own)
    yield _equal("orders before the campaign are those of the truth", found[0]["n"], ordered)


def _file_agrees(tb: Tailorbird, report: Report, file: FileFacts) -> Iterator[Check]:
    """The facts beside plain SQL over the file."""
    found = counts(tb, "import")
    yield _equal("customers", found.people, file.customers)
    yield _equal("orders", found.orders, file.orders)
    yield _equal("returns", found.returns, file.returns)
    yield _equal("net revenue in minor units", found.revenue_minor, file.revenue_minor)
    for tier in ("gold", "silver", "bronze"):
        at_campaign = flow.people_in(tb.world, tb.segment(tier), file.midnight_after)
        yield _equal(f"tier {tier} on the day of the campaign", len(at_campaign), file.tiers[tier])
    for card in report.models:
        if card.kind == "recommender":
            yield Check(
                "the recommender beats the naive rules on the time split",
                card.why,
                "serves",
                card.serves,
            )


def _equal(name: str, found: int, expected: int) -> Check:
    return Check(name, found, f"expected {expected:,}", found == expected)

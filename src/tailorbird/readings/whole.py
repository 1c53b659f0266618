"""The overview: totals, activity, model cards."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from tailorbird import learning, serving
from tailorbird.model_cards import ModelCard
from tailorbird.schema import DAY, Instant
from tailorbird.traits.registry import about
from tailorbird.views import (
    Activity,
    Measured,
    ModelReport,
    Period,
    Status,
    Totals,
    moment,
)
from tailorbird.views.models import TraitShare
from tailorbird.world import World

ACTIVITY_DAYS: Final = 90
AFTER_MAIL_DAYS: Final = 7
NOTICE: Final = "Demo: addresses and mail behaviour are simulated"

# An order may be several events; a purchase without an order id is an order of its own. A click by
# a person is an open as well, for pictures may have been off.
_TOTALS = """
SELECT COUNT(*) AS events,
    COUNT(DISTINCT CASE WHEN event = 'purchase' THEN COALESCE(order_id, position::VARCHAR) END)
        AS orders,
    COUNT(DISTINCT CASE WHEN event = 'return' THEN COALESCE(order_id, position::VARCHAR) END)
        AS returned,
    CAST(COALESCE(SUM(value_minor) FILTER (event = 'purchase'), 0)
        - COALESCE(SUM(ABS(value_minor)) FILTER (event = 'return'), 0) AS BIGINT) AS revenue_minor,
    COUNT(DISTINCT send_id) FILTER (event = 'email_sent') AS sends,
    COUNT(DISTINCT send_id) FILTER (event IN ('email_opened', 'email_clicked') AND NOT machine)
        AS human_opens,
    COUNT(DISTINCT send_id) FILTER (event = 'email_opened' AND machine) AS machine_opens,
    COUNT(DISTINCT send_id) FILTER (event = 'email_clicked' AND NOT machine) AS human_clicks,
    COUNT(DISTINCT send_id) FILTER (event = 'email_clicked' AND machine) AS machine_clicks,
    COUNT(DISTINCT send_id) FILTER (event = 'unsubscribed') AS unsubscribes,
    COUNT(DISTINCT send_id) FILTER (event = 'email_bounced') AS bounces
FROM facts
"""
_AFTER_MAIL = """
SELECT COUNT(DISTINCT COALESCE(p.order_id, p.position::VARCHAR)) AS purchases
FROM (SELECT * FROM facts WHERE event = 'purchase' AND person IS NOT NULL) AS p
ASOF JOIN (SELECT person, "at" FROM facts WHERE event = 'email_sent') AS s
    ON p.person = s.person AND p."at" >= s."at"
WHERE p."at" < s."at" + CAST($1 AS BIGINT)
"""
_ACTIVITY = """
SELECT "at" // $1 AS day, COUNT(*) AS events,
    COUNT(DISTINCT CASE WHEN event = 'purchase' THEN COALESCE(order_id, position::VARCHAR) END)
        AS orders,
    CAST(COALESCE(SUM(value_minor) FILTER (event = 'purchase'), 0) AS BIGINT) AS revenue_minor
FROM facts WHERE "at" > $2 AND "at" <= $3 GROUP BY day ORDER BY day
"""


def status(world: World, now: Instant) -> Status:
    """Return whose shop this is, the notice of a demo, and how far the facts are."""
    settings = world.settings
    return Status(
        version=version("tailorbird"),
        shop=settings.shop.name,
        currency=settings.shop.currency,
        now=moment(now),
        demo=settings.demo,
        notice=(settings.demo_notice or NOTICE) if settings.demo else "",
        log_offset=world.log.end(),
        facts_offset=world.facts.offset(),
    )


def totals(world: World) -> Totals:
    """Return the figures at the top of the overview."""
    (row,) = world.facts.read(_TOTALS).to_pylist()
    (after,) = world.facts.read(_AFTER_MAIL, (AFTER_MAIL_DAYS * DAY,)).to_pylist()
    (known,) = world.facts.read("SELECT COUNT(*) AS products FROM products").to_pylist()
    return Totals(
        people=world.people.count(),
        returns=row.pop("returned"),
        products=known["products"],
        purchases=after["purchases"],
        **row,
    )


def activity(world: World, now: Instant) -> Activity:
    """Return events, orders and revenue of the last days up to now, those without any included."""
    since = (now // DAY - ACTIVITY_DAYS + 1) * DAY - 1
    found = world.facts.read(_ACTIVITY, (DAY, since, now)).to_pylist()
    if not found:
        return Activity("day", ())
    rows = {row["day"]: row for row in found}
    days = range(found[0]["day"], now // DAY + 1)
    return Activity("day", tuple(_period(day, rows.get(day)) for day in days))


def _period(day: int, row: dict[str, int] | None) -> Period:
    start = moment(day * DAY).date().isoformat()
    if row is None:
        return Period(start, 0, 0, 0)
    return Period(start, row["events"], row["orders"], row["revenue_minor"])


def models(world: World) -> tuple[ModelReport, ...]:
    """Return the cards of the models that serve, by name."""
    sound = (name for name in sorted(world.models.names()) if not serving.trouble(world, name))
    cards = (learning.serving_card(world, name) for name in sound)
    return tuple(report(card) for card in cards if card is not None)


def report(card: ModelCard) -> ModelReport:
    """Return a model card as the pages show it."""
    return ModelReport(
        name=card.name,
        kind=card.kind,
        version=card.version,
        trained_at=moment(card.trained_at),
        train_from=moment(card.train_window[0]),
        train_until=moment(card.train_window[1]),
        test_from=moment(card.test_window[0]),
        test_until=moment(card.test_window[1]),
        people=card.people,
        features=card.features,
        parameters=card.parameters,
        measures=tuple(
            Measured(m.name, m.model, m.naive, m.naive_rule, m.low, m.high) for m in card.measures
        ),
        serves=card.serves,
        why=card.why,
        algorithm=card.algorithm,
        outcomes=card.outcomes,
        threshold=card.threshold,
        calibration=card.calibration,
        reliability=card.reliability,
        lift=card.lift,
        tried=card.tried,
        validations=card.validations,
        importances=tuple(
            TraitShare(each.feature, each.share, about(each.feature)) for each in card.importances
        ),
        seed=card.seed,
        libraries=card.libraries,
        evened=card.evened,
        scores=card.scores and (card.serves or card.kind != "uplift"),
    )

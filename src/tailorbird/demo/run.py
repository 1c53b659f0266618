"""The demo's stages, in order. Each may be killed and run again; a finished one costs little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import numpy as np

from tailorbird import authoring, collect, flow, folders, learning, results
from tailorbird.app import Tailorbird, wall_clock
from tailorbird.demo import carts, checks, mailboxes
from tailorbird.demo.plan import Plan
from tailorbird.demo.report import Mails, Report
from tailorbird.demo.shops import (
    WINDOW_DAYS,
    Progress,
    RealShop,
    SimulatedShop,
    append_all,
    finished,
    user_ids,
)
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, HOUR, Body, Instant
from tailorbird.settings import FILE_NAME

CAMPAIGN: Final = "win-back"
CAMPAIGN_TEXT: Final = """\
name: win-back
description: Products chosen for each customer, by the customer's own history
audience: customers
template: win_back
variants:
  plain: {subject: "New at {{ shop.name }}"}
  personal:
    subject: "{{ person.first_name | default: 'Hello' }}, chosen for you at {{ shop.name }}"
holdout: 0.2
recommendations: 4
attribution_days: 14
"""
CUSTOMERS_TEXT: Final = """\
name: customers
description: Bought at least once
where:
  did: purchase
"""
TIERS: Final = ("gold", "silver", "bronze")

Say = Callable[[str], None]


class _Run:
    """One run: the folder, the clock that the demo moves, and the seconds of each stage."""

    def __init__(self, plan: Plan, say: Say, on_progress: Progress) -> None:
        self.plan = plan
        self.say = say
        self.on_progress = on_progress
        self.now: Instant = wall_clock()
        self.seconds: dict[str, float] = {}
        self.ingested = flow.Ingested()
        self.true_buyers: dict[str, int] = {}
        """Of each arm, by the simulator's truth."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and say that it is done."""
        started = time.perf_counter()
        yield
        took = time.perf_counter() - started
        self.seconds[name] = round(self.seconds.get(name, 0) + took, 3)
        self.say(f"{name}: {took:.1f} s")


def run(plan: Plan, *, say: Say | None, on_progress: Progress, check: bool = True) -> Report:
    """Run the whole loop in a folder and return what it found; after a kill, go on.

    Raises:
        UsageError: the folder belongs to a demo with another input.
        SourceError: the file cannot be read, with the mend.
    """
    this = _Run(plan, say or (lambda line: None), on_progress)
    opened: list[Tailorbird] = []
    shop = RealShop(plan, lambda: opened[0]) if plan.data else SimulatedShop(plan)
    if plan.data is not None:
        collect.choose_mapping(plan.data)  # a file that cannot be read leaves no folder behind
    _prepare(plan, shop.settings())
    with Tailorbird.open(plan.folder, environment={}) as tb:
        opened.append(tb)
        tb.clock = lambda: this.now
        _take_in(this, tb, shop)
        _decide_and_send(this, tb)
        _live_on(this, tb, shop)
        with this.stage("carts"):
            this.now, came = carts.live(tb, this.now)
            this.ingested += came
        with this.stage("report"):
            report = _report(this, tb, shop)
            if check:
                found = checks.run(tb, plan, report, this.now, this.true_buyers)
                report = msgspec.structs.replace(report, checks=tuple(found))
    _finish(plan, shop, report, this.now)
    return report


def _prepare(plan: Plan, settings: str) -> None:
    """Make the folder, or see that it is of the same demo."""
    folders.make(plan.folder)
    marker = plan.folder / "demo.json"
    asked = {
        "data": plan.data.name if plan.data else "", "people": plan.people, "seed": plan.seed,
    }  # fmt: skip
    if marker.exists():
        if msgspec.json.decode(marker.read_bytes()) != asked:
            raise UsageError(
                "this folder holds a demo with another input, seed or size",
                where=str(plan.folder),
                mend="name another with --folder, or delete it",
            )
        return
    if any(plan.folder.iterdir()):
        raise UsageError(
            "the folder is not empty and holds no demo",
            where=str(plan.folder),
            mend="name another with --folder",
        )
    salt = f'assignment_salt = "demo-{plan.seed}"\n'
    server = f'\n[server]\nport = {plan.port}\nbase_url = "http://127.0.0.1:{plan.port}"\n'
    (plan.folder / FILE_NAME).write_text(salt + settings + server, encoding="utf-8")
    marker.write_bytes(msgspec.json.encode(asked))


def _take_in(this: _Run, tb: Tailorbird, shop: SimulatedShop | RealShop) -> None:
    """History in: log, people, traits, segments, models."""
    with this.stage("history"):
        shop.history(tb, this.on_progress)
    with this.stage("ingest"):
        this.ingested += tb.ingest(this.on_progress)
    this.now = shop.now(tb)
    with this.stage("contacts"):
        shop.contacts(tb)
        this.ingested += tb.ingest(this.on_progress)
    with this.stage("segments"):
        tb.install_library()
        tb.put("segment", "customers", CUSTOMERS_TEXT, author="demo")
        tb.put("campaign", CAMPAIGN, CAMPAIGN_TEXT, author="demo")
        if not flow.refreshed_until(tb.world) > this.now:  # a finished demo is further on
            tb.refresh()
    with this.stage("learn"):
        if not learning.learnt(tb.world, this.now):
            tb.learn()


def _decide_and_send(this: _Run, tb: Tailorbird) -> None:
    with this.stage("decide"):
        tb.decide(CAMPAIGN)
    with this.stage("deliver"):
        tb.deliver()


def _live_on(this: _Run, tb: Tailorbird, shop: SimulatedShop | RealShop) -> None:
    """Two weeks pass: mailboxes answer, people buy."""
    campaign_at = this.now
    with this.stage("mailboxes"):
        mailboxes.answer(tb, this.plan.seed, this.on_progress)
    with this.stage("aftermath"):
        _buy(this, tb, shop, campaign_at)
    this.now = campaign_at + WINDOW_DAYS * DAY + HOUR
    with this.stage("ingest"):
        this.ingested += tb.ingest(this.on_progress)
        if not flow.refreshed_until(tb.world) > this.now:
            tb.refresh()


def _buy(this: _Run, tb: Tailorbird, shop: SimulatedShop | RealShop, campaign_at: Instant) -> None:
    """Let people buy as they truly would, and keep the truth beside the events."""
    from tailorbird.simulator import outcome_file

    ids = user_ids(tb)
    treated: dict[str, bool] = {}
    variants: dict[str, str] = {}
    for decision in results.decisions(tb.world, CAMPAIGN):
        if decision.person not in ids:
            continue
        key = ids[decision.person]
        treated[key] = tb.world.ledger.sent_at(decision.id) is not None
        variants[key] = decision.variant
    keys = sorted(treated)
    made = shop.aftermath(keys, treated, variants, campaign_at)
    end = campaign_at + WINDOW_DAYS * DAY
    done = finished(tb, "aftermath")
    bodies = (Body("simulator", end, body) for number, body in enumerate(made) if number >= done)
    append_all(tb, "aftermath", bodies, 0, this.on_progress)
    folder = this.plan.folder / "truth"
    truth = shop.truth(keys, variants, campaign_at)
    outcome_file(keys, truth, treated, folder, this.plan.seed)
    shop.export_truth(folder)
    if not (folder / "reactions.parquet").exists():
        mailboxes.export_truth(tb, this.plan.seed, folder)
    bought = truth.lived(np.array([treated[key] for key in keys], dtype=np.bool_))
    for key, buys in zip(keys, bought.tolist(), strict=True):
        arm = variants[key]
        this.true_buyers[arm] = this.true_buyers.get(arm, 0) + int(buys)


def _report(this: _Run, tb: Tailorbird, shop: SimulatedShop | RealShop) -> Report:
    world = tb.world
    verdict, arms = tb.experiment(CAMPAIGN)
    sizes = {
        segment.name: flow.count(world, segment, this.now)
        for segment in authoring.standing_segments(world)
    }
    return Report(
        input=shop.kind,
        notice=shop.notice(tb),
        folder=str(this.plan.folder),
        seed=this.plan.seed,
        counts=checks.counts(tb),
        ingested=this.ingested,
        tiers={name: sizes[name] for name in TIERS if name in sizes},
        segments=sizes,
        models=tuple(
            card
            for name in world.models.names()
            if (card := learning.card(world, name)) is not None
        ),
        campaign=CAMPAIGN,
        decisions=_decisions(tb),
        mails=Mails(
            messages=world.inbox.count() - world.inbox.count(carts.IN_INBOX),
            human_openers=sum(o.arm.human_openers for o in arms),
            machine_openers=sum(o.machine_openers for o in arms),
            human_clickers=sum(o.arm.human_clickers for o in arms),
            machine_clickers=sum(o.machine_clickers for o in arms),
            unsubscribed=sum(o.unsubscribed for o in arms),
            bounced=sum(o.bounced for o in arms),
        ),
        arms=tuple(arms),
        experiment=verdict,
        carts=carts.count(tb),
        checks=(),
        seconds=this.seconds,
    )


def _decisions(tb: Tailorbird) -> dict[str, int]:
    """Return how many people got each verdict, refusals by reason."""
    tally: dict[str, int] = {}
    for verdict, reason, _, number in tb.world.ledger.verdicts(CAMPAIGN):
        name = f"{verdict}: {reason}" if reason else verdict
        tally[name] = tally.get(name, 0) + number
    return dict(sorted(tally.items()))


def _finish(plan: Plan, shop: SimulatedShop | RealShop, report: Report, now: Instant) -> None:
    """Let the folder's clock run on from where the demo ended, and keep the sentence for pages."""
    path = plan.folder / FILE_NAME
    text = path.read_text(encoding="utf-8")
    if "clock_lag_seconds" in text:
        return
    lag = (wall_clock() - now) // 1_000_000
    head, _, tables = text.partition("\n[")
    kept = [line for line in head.splitlines() if not line.startswith("demo_notice")]
    kept += [f"demo_notice = {msgspec.json.encode(report.notice).decode()}"]
    kept += [f"clock_lag_seconds = {lag}", "", f"[{tables}"]
    path.write_text("\n".join(kept), encoding="utf-8")

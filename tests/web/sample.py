"""A small invented shop behind the `Readings` port, for tests of the API and of the pages.

Run it to look at the pages: `python tests/web/sample.py [PORT] [--hostile]`.
"""

from __future__ import annotations

import math
import runpy
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tailorbird.errors import DefinitionError, TemplateError
from tailorbird.schema import Instant
from tailorbird.views import (
    Activity,
    Arm,
    CampaignResult,
    CampaignSummary,
    Caused,
    ConsentLine,
    Correspondence,
    DecisionReport,
    Effect,
    Evidence,
    Explanation,
    Header,
    Identifier,
    InboxPage,
    InboxRow,
    Link,
    Mail,
    MailProof,
    MailRow,
    Measured,
    MembershipChange,
    MembershipChanges,
    ModelReport,
    Outlook,
    Overview,
    PeoplePage,
    Period,
    PersonReport,
    PersonRow,
    PersonStays,
    Preview,
    QualityReport,
    Rate,
    RatioCheck,
    Reason,
    Score,
    SegmentCount,
    SegmentHealth,
    SegmentReport,
    SegmentSize,
    Status,
    StayIn,
    Suggestion,
    TemplateRow,
    Timeline,
    TimelineEntry,
    TimelineLine,
    Totals,
    Trait,
    TrendPoint,
    Turn,
    VerdictCount,
)
from tailorbird.views import quality as state
from tailorbird.views.clusters import ClusterCandidate, ClusterFound, ClusterSet
from tailorbird.views.groups import GroupList, GroupSize, Threshold
from tailorbird.views.overlaps import (
    OverlapCombination,
    OverlapPair,
    OverlapSize,
    SegmentOverlap,
)
from tailorbird.views.rates import PersonRate, SegmentRates
from tailorbird.views.slots import RuleRow, SlotRow
from tailorbird.views.why import (
    Brief,
    CountedMail,
    Draw,
    Excluded,
    Leave,
    Limit,
    MadeOf,
    ModelValue,
    Pick,
    Stage,
    Why,
    Whys,
)

NOW = 1_323_432_000_000_000  # 2011-12-09T12:00:00Z
AT = datetime(2011, 12, 9, 12, tzinfo=UTC)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
HTML = """<!doctype html><html lang="en"><head><title>{0}</title>
<style>body{{font-family:sans-serif;margin:0;background:#f3efe6;color:#222}}
.card{{max-width:560px;margin:0 auto;background:#fff;padding:32px}}</style></head>
<body><div class="card"><h1>Hello {0},</h1><p>four things that people who bought your
<b>Regency cakestand</b> came back for.</p>
<p><a href="http://127.0.0.1:8400/c/t0k3n">See them</a></p>
<p style="font-size:12px"><a href="http://127.0.0.1:8400/u/t0k3n">Unsubscribe</a></p>
<img src="http://127.0.0.1:8400/o/t0k3n.gif" width="1" height="1" alt=""></div></body></html>"""
TIERS = ("gold", "silver", "bronze", "bronze")
COUNTRIES = ("United Kingdom", "Germany", "France", "EIRE")
ITEMS = (
    ("22423", "REGENCY CAKESTAND 3 TIER", 1275),
    ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 295),
    ("47566", "PARTY BUNTING", 495),
    ("84879", "ASSORTED COLOUR BIRD ORNAMENT", 169),
)
YAML = """name: {0}
description: Bought twice or more, and not in the last 90 days
where:
  all:
    - trait: orders
      at_least: 2
    - did_not: purchase
      within: 90d
"""


class SampleReadings:
    """Answers with invented figures; `hostile` puts markup into every text."""

    def __init__(self, *, hostile: bool = False, people: int = 4338) -> None:
        self.hostile = hostile
        self.size = people

    def said(self, text: str) -> str:
        """Return a text as this shop has it."""
        return f"{text}{HOSTILE}" if self.hostile else text

    def status(self, now: Instant) -> Status:
        notice = (
            "Demo: purchases are real (UCI Online Retail, Chen 2015, CC BY 4.0) up to 9 September "
            "2011; addresses, mail behaviour and purchases after it are simulated"
        )
        shop = self.said("Tailorbird demo shop")
        return Status("0.1.0", shop, "GBP", AT, True, self.said(notice), 5120, 5120)

    def overview(self, now: Instant) -> Overview:
        totals = Totals(
            people=self.size,
            events=412_907,
            products=3665,
            orders=18_532,
            returns=3_654,
            revenue_minor=830_006_512,
            sends=1_876,
            human_opens=713,
            machine_opens=402,
            human_clicks=188,
            machine_clicks=61,
            unsubscribes=12,
            bounces=23,
            purchases=241,
        )
        campaign = self.campaign("win-back", now)
        return Overview(totals, self.activity(), self.segments(now), self.models(), campaign)

    def activity(self) -> Activity:
        start = datetime(2011, 9, 11, tzinfo=UTC)
        days = tuple(
            Period(
                (start + timedelta(days=n)).date().isoformat(),
                int(900 + 500 * math.sin(n / 3.1) ** 2 + 11 * n) if n % 7 != 6 else 40,
                int(40 + 30 * math.sin(n / 3.1) ** 2),
                int(2_000_00 + 900_00 * math.sin(n / 5) ** 2 + n * 1_700),
            )
            for n in range(90)
        )
        return Activity("day", days)

    def quality(self, now: Instant, since: Instant = 0) -> QualityReport:
        said = self.said
        finding = state.Finding(
            "alarm", "arrivals", said("web brought 12 events on 2011-12-08, where 4,310 were due"),
            4298, said("look at the source"),
        )  # fmt: skip
        guests, far = "1,702 of 14,873 orders have no customer", "108 orders are far from others"
        notes = (
            state.Finding("warning", "orders", said(guests), 1702, said("send a userId")),
            state.Finding("note", "orders", said(far), 108, said("look at the furthest")),
        )
        days = tuple(state.DayCount(f"2011-12-{day:02}", 4000 + 37 * day) for day in range(1, 9))
        volume = state.Volume("2011-12-08", 12, 4310, 120, 0.008, 0.01, True)
        return QualityReport(
            at=AT,
            since=None,
            events=412_907,
            verdict="1 alarm, 1 warning, 1 note.",
            findings=(finding, *notes),
            people=state.PeopleProfile(self.size, self.size, 12, 7, 3, 2, {"age": 4}, 310),
            orders=state.OrderProfile(
                14_873,
                1702,
                2887,
                542,
                358_639,
                918,
                30_317,
                357,
                2_576_810,
                108,
                (state.Outlier(said("581483"), 16_846_960, AT, "188743681"),),
            ),
            sources=(state.SourceProfile(said("web"), 211_000, AT, AT, 93, 4, 81, days, volume),),
            traits=(
                state.FieldProfile(
                    "", said("income"), 4338, 4100, 0.945, 12, 4088, 0, 903, 1.5, 9e5
                ),
                state.FieldProfile("", "city", 4338, 4300, 0.991, sealed=True),
            ),
            properties=(
                state.FieldProfile(
                    "page_viewed", said("path"), 90_000, 90_000, 1.0, 90_000, 0, 0, 410
                ),
            ),
            schema=(state.SchemaChange("page_viewed", said("theme"), "new", 0.0, 0.31),),
            breaches=(
                state.Breach("purchase", said("value"), "out_of_range", said("a number"), 3, 12, 5),
            ),
            quarantine=(state.HeldCode(said("bad_time"), 41, 3, 1),),
            imports=(
                state.ImportedFile(
                    said("orders.csv"), "online_retail", AT, 100, 90, 6, {"late": 4}
                ),
            ),
        )

    def models(self) -> tuple[ModelReport, ...]:
        return (
            ModelReport(
                "recommender",
                "recommender",
                3,
                AT,
                datetime(2010, 12, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                datetime(2011, 12, 9, tzinfo=UTC),
                2_104,
                ("own repeat", "item to item", "decayed popularity"),
                {"half_life_days": 30, "neighbours": 200},
                (
                    Measured("NDCG@10", 0.347, 0.331, self.said("own repeat"), 0.011, 0.021),
                    Measured("recall@10", 0.291, 0.281, self.said("own repeat"), 0.004, 0.016),
                ),
                True,
                self.said("It beats the best naive rule on both measures, so it serves."),
            ),
            ModelReport(
                "repeat-purchase",
                "propensity",
                2,
                AT,
                datetime(2010, 12, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                datetime(2011, 12, 9, tzinfo=UTC),
                3_911,
                ("recency", "frequency", "monetary", "tenure"),
                {"regularisation": 1.0},
                (
                    Measured("auc", 0.742, 0.741, self.said("recency rule"), -0.004, 0.006),
                    Measured("log loss", 0.612, 0.598, self.said("recency rule"), 0.006, 0.021),
                    Measured("brier", 0.181, 0.192, self.said("recency rule"), -0.016, -0.007),
                ),
                False,
                self.said("It cannot be told from the recency rule, so the rule serves."),
            ),
            ModelReport(
                "value",
                "value",
                1,
                AT,
                datetime(2010, 12, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                datetime(2011, 10, 1, tzinfo=UTC),
                AT,
                2_204,
                ("recency", "frequency"),
                {},
                (
                    Measured(
                        "mean absolute error",
                        18_240.0,
                        21_975.0,
                        self.said("mean so far"),
                        -4_410.0,
                        -3_060.0,
                    ),
                ),
                True,
                self.said("It beats the mean so far, so it serves."),
            ),
        )

    def row(self, number: int) -> PersonRow:
        return PersonRow(
            number,
            self.said(f"Person {number}"),
            self.said(f"p…{number % 10}@mail.example"),
            self.said(TIERS[number % 4]),
            self.said(COUNTRIES[number % 4]),
            number % 17,
            (number * 7919) % 900_000,
            AT - timedelta(days=number % 200, hours=number % 24) if number % 17 else None,
        )

    def people(self, query: str, segment: str, after: str, limit: int, now: Instant) -> PeoplePage:
        start = int(after or 0) + 1
        if query:
            number = int(query) if query.isdigit() else 0
            found = (self.row(number),) if 0 < number <= self.size else ()
            return PeoplePage(found, len(found))
        end = min(start + limit, self.size + 1)
        rows = tuple(self.row(number) for number in range(start, end))
        return PeoplePage(rows, self.size, str(end - 1) if end <= self.size else "")

    def person(self, person: int, now: Instant) -> PersonReport | None:
        if not 0 < person <= self.size:
            return None
        row = self.row(person)
        return PersonReport(
            person=person,
            label=row.label,
            email=self.said(f"person{person}@mail.example"),
            created_at=AT - timedelta(days=340),
            suppressed=self.said("unsubscribed") if person % 5 == 0 else "",
            traits=(
                Trait("first_name", self.said("Ada"), "declared"),
                Trait("country", row.country, "declared"),
                Trait("tier", row.tier, "derived"),
                Trait("orders", row.orders, "derived"),
                Trait("revenue", row.revenue_minor, "derived", "money"),
                Trait("last_order_at", "2011-11-21T09:12:00Z", "derived", "instant"),
                Trait("favourite_category", self.said("Kitchen"), "derived"),
                Trait("engagement", 0.42, "derived", note="halves every 30 days"),
                Trait("vip", None, "declared"),
            ),
            consents=(
                ConsentLine("email_marketing", "granted", AT, self.said("signup form"), "v3"),
                ConsentLine("personalisation", "granted", AT, "signup form", "v3"),
                ConsentLine("tracking", "withdrawn", AT, "preferences", "v3"),
                ConsentLine("training", "never asked"),
            ),
            identifiers=(
                Identifier(self.said("user_id"), 1),
                Identifier("email", 2),
            ),
            suggestions=tuple(
                Suggestion(
                    item,
                    self.said(name),
                    self.said("often bought with T-light holders"),
                    round(0.9 - n / 7, 3),
                    price,
                )
                for n, (item, name, price) in enumerate(ITEMS)
            ),
            suggestions_from=self.said("recommender 3"),
            scores=(
                Score("repeat-purchase", 2, 0.318, AT),
                Score("value", 1, 8_120.0, AT, "money"),
                Score("next_order", 1, (AT + timedelta(days=9)).timestamp(), AT, "instant"),
                Score("send_hour", 1, 19.0, AT, "hour"),
            ),
            segments=(self.said("gold") if self.hostile else "lapsing", "win-back audience"),
        )

    def timeline(self, person: int, after: str, limit: int) -> Timeline | None:
        if not 0 < person <= self.size:
            return None
        names = ("purchase", "email_clicked", "email_opened", "email_sent", "return", "identify")
        start, total = int(after or 0), 64
        entries = tuple(
            self.entry(n, names[n % 6]) for n in range(start, min(total, start + limit))
        )
        end = start + len(entries)
        return Timeline(entries, total, str(end) if end < total else "")

    def entry(self, n: int, event: str) -> TimelineEntry:
        bought = event in ("purchase", "return")
        mailed = event.startswith("email")
        lines = tuple(
            TimelineLine(i, self.said(name), 2, 2 * price) for i, name, price in ITEMS[:3]
        )
        return TimelineEntry(
            position=str(9000 - n),
            event=event if not self.hostile or n else self.said(event),
            at=AT - timedelta(days=n, hours=n % 5),
            received_at=AT - timedelta(days=n),
            source=self.said("orders.csv" if bought else "tracking"),
            order_id=self.said(f"5{n:05}") if bought else "",
            value_minor=(-3100 if event == "return" else 4130) if bought else 0,
            currency="GBP" if bought else "",
            campaign=self.said("win-back") if mailed else "",
            variant="question" if mailed else "",
            send_id="ab" * 16 if mailed else "",
            machine=event == "email_opened" and n % 12 > 5,
            lines=lines if bought else (),
            more_lines=4 if bought else 0,
        )

    def correspondence(self, person: int) -> Correspondence | None:
        if not 0 < person <= self.size:
            return None
        decision = self.decision(bytes.fromhex("ab" * 16))
        assert decision is not None
        mail = MailRow("ab" * 16, self.said("win-back"), "question", AT, "sent", True)
        return Correspondence((decision,), (mail,))

    def decision(self, decision_id: bytes) -> DecisionReport | None:
        if decision_id != bytes.fromhex("ab" * 16):
            return None
        return DecisionReport(
            id=decision_id.hex(),
            campaign=self.said("win-back"),
            campaign_version=2,
            occurrence="2011-12-09",
            person=17,
            at=AT,
            verdict="send",
            reason=self.said("in the audience, consent in force"),
            variant="question",
            probability=0.45,
            receipt=8812,
            state="sent",
            reply=self.said("250 stored"),
            inputs={"segment": "win-back", "items": [self.said(i[0]) for i in ITEMS]},
        )

    def why(self, person: int, campaign: str, at: Instant, occurrence: str = "") -> Why | None:
        if not 0 < person <= self.size:
            return None
        reason = Reason(self.said("recency_days is at least 90"), True, "120", threshold="is 90")
        audience = Explanation(
            self.said("lapsed"), person, self.said("Ann"), True, AT, None, reason
        )
        limit = Limit(self.said("at most 2 mails in 7 days"), 2, 1, False,
                      (CountedMail(self.said("spring"), AT),))  # fmt: skip
        made = MadeOf(
            self.said("win_back"), 3, "ed" * 16, 4, True,
            (Pick("22423", self.said("Cakestand"), self.said("often bought")),),
            (ModelValue(self.said("purchase"), 2, 0.4, AT, (self.said("bought lately"),)),),
            {"tier": self.said("gold")}, (self.said("slot hero: rule 1"),),
        )  # fmt: skip
        return Why(
            person, self.said("Ann"), self.said("win-back"), 2, "sent", "",
            self.said("She got it: she opened it."), AT, "ab" * 16, "1", AT,
            would_help=(self.said("one purchase"),),
            audience=audience,
            excluded=(Excluded(self.said("vip"), False),),
            leave=Leave("email_marketing", "granted", 8812, self.said("v3"), self.said("web"), AT),
            limits=(limit,),
            draw=Draw(self.said("question"), 0.45, {self.said("question"): 0.45, "holdout": 0.1}),
            made_of=made,
            stages=(Stage(AT, "sent", self.said("250 ok")), Stage(AT, "opened", "", True)),
            notes=(self.said("One event came in later."),),
        )  # fmt: skip

    def whys(self, person: int, at: Instant) -> Whys | None:
        if not 0 < person <= self.size:
            return None
        told = Brief(self.said("win-back"), "sent", self.said("She got it: she opened it."), AT)
        other = Brief(self.said("spring"), "not_in_audience", self.said("She did not get it: ..."))
        return Whys(person, self.said("Ann"), AT, (told, other))

    def segments(self, now: Instant) -> tuple[SegmentSize, ...]:
        grown = tuple(int(700 + 180 * math.sin(n / 4) + 9 * n) for n in range(30))
        return (
            SegmentSize(
                "broken",
                self.said("Names a trait that does not exist"),
                1,
                None,
                None,
                trouble=self.said("broken.yaml:4: unknown trait 'tire'; did you mean 'tier'?"),
            ),
            SegmentSize("gold", self.said("The best fifth by revenue"), 1, 867, 0.2, AT, grown),
            SegmentSize(
                "lapsing",
                self.said("Bought twice or more, not in the last 90 days"),
                3,
                1_021,
                0.235,
                AT,
                grown[::-1],
            ),
            SegmentSize(
                "new", self.said("First order in the last 30 days"), 1, 0, 0.0, AT, (0,) * 30
            ),
        )

    def segment(self, name: str, now: Instant) -> SegmentReport | None:
        size = next((s for s in self.segments(now) if s.name == name), None)
        if size is None:
            return None
        start = datetime(2011, 11, 10, tzinfo=UTC)
        trend = tuple(
            TrendPoint(
                (start + timedelta(days=n)).date().isoformat(), people, 14 + n % 5, 9 + n % 7
            )
            for n, people in enumerate(size.trend)
        )
        return SegmentReport(
            size,
            YAML.format(name) + ("# " + HOSTILE if self.hostile else ""),
            trend,
            tuple(self.row(n) for n in range(3, 9)),
        )

    def count(self, text: str, now: Instant) -> SegmentCount:
        if "tire" in text:
            line = text[: text.index("tire")].count("\n") + 1
            raise DefinitionError(
                self.said("unknown trait 'tire'"),
                where=f"draft.yaml:{line}:3",
                mend="did you mean 'tier'?",
            )
        return SegmentCount(1_021 + len(text), self.size, 0.0, (self.row(3), self.row(4)))

    def overlap(
        self, names: Sequence[str], now: Instant, as_of: Instant | None = None
    ) -> SegmentOverlap:
        one, two, *_ = names
        return SegmentOverlap(
            as_of=AT,
            people=1480,
            sizes=(OverlapSize(one, 867), OverlapSize(two, 1010)),
            pairs=(OverlapPair(one, two, 397, 397 / 1480),),
            combinations=(
                OverlapCombination((two,), 613),
                OverlapCombination((one,), 470),
                OverlapCombination((one, two), 397),
            ),
        )

    def segment_changes(
        self, segment: str, person: int, after: str, limit: int
    ) -> MembershipChanges:
        rows = (
            MembershipChange(segment or "lapsing", n, f"person {n}", n % 2 == 0, AT, "time", 1, AT)
            for n in range(1, 5)
        )
        return MembershipChanges(tuple(rows), "")

    def segment_stays(self, name: str, person: int, as_of: Instant) -> PersonStays | None:
        if self.segment(name, as_of) is None or not 0 < person <= self.size:
            return None
        return PersonStays(name, person, f"person {person}", AT, (StayIn(AT, None),))

    def segment_healths(self, now: Instant) -> tuple[SegmentHealth, ...]:
        health_of = runpy.run_path(str(Path(__file__).parent / "sample_health.py"))["health_of"]
        return tuple(health_of(size, AT) for size in self.segments(now))

    def segment_health(self, name: str, now: Instant) -> SegmentHealth | None:
        return next((each for each in self.segment_healths(now) if each.segment == name), None)

    def rates(
        self, name: str, of: Literal["opened", "clicked"], limit: int, now: Instant
    ) -> SegmentRates | None:
        if self.segment(name, now) is None:
            return None
        one = PersonRate(17, 3, 2, 2 / 3, 0.41, 0.3)
        return SegmentRates(name, of, 400, 1200, 380, 0.317, 7.1, "estimates", (one,))

    def cluster_sets(self) -> tuple[ClusterSet, ...]:
        features = ("orders", "revenue_minor")
        found = (
            ClusterFound(
                "few-orders", self.said("few orders"), 2300, {"orders": -0.8, "revenue_minor": 0.1},
                {"orders": 1.2, "revenue_minor": 8_100.0},
            ),
            ClusterFound(
                "many-orders", self.said("many orders"), 900, {"orders": 1.9, "revenue_minor": 1.2},
                {"orders": 11.7, "revenue_minor": 91_300.0},
            ),
        )  # fmt: skip
        about = ("shoppers", self.said("By habit"), "kmeans", features, "cluster_shoppers")
        tried = tuple(ClusterCandidate(n, n, 0.0, 0.6 - n / 10, 0.9) for n in (2, 3, 4))
        trained = ClusterSet(
            *about, AT, AT, serves=True, why=self.said("serves: stable"), people=3200, setting=2.0,
            silhouette=0.44, shuffled=0.2, stability=0.9, worst=0.8, clusters=found,
            candidates=tried,
        )  # fmt: skip
        return (trained, ClusterSet("untrained", "", "hdbscan", features, "cluster_untrained"))

    def cluster_set(self, name: str) -> ClusterSet | None:
        return next((each for each in self.cluster_sets() if each.name == name), None)

    def group_lists(self) -> tuple[GroupList, ...]:
        tiers = (
            GroupSize("gold", "loyalty.gold", 41, self.said("More than 12 orders a year")),
            GroupSize("none", "loyalty.none", 4297),
        )
        cells = (
            GroupSize("champions", "rfm.champions", 310, "Recency 4 to 5"),
            GroupSize("hibernating", "rfm.hibernating", 3028, "Recency 1 to 2"),
            GroupSize("no-orders", "rfm.no-orders", 1000),
        )
        scores = (
            Threshold("recency", "recency_days", (292, 168, 74, 25), (668, 667, 668, 667, 668)),
            Threshold("money", "revenue_minor", (3465, 7585, 15025, 28945), (668,) * 5),
        )
        return (
            GroupList("loyalty", "groups", self.said("By orders"), 1, tiers, recalculate="monthly",
                      kept_at=AT, kept_as="tier_loyalty"),
            GroupList("rfm", "rfm", self.said("By RFM"), 1, cells, AT, 3338, scores),
            GroupList("waiting", "rfm", "", 1, ()),
        )  # fmt: skip

    def group_list(self, name: str) -> GroupList | None:
        return next((each for each in self.group_lists() if each.name == name), None)

    def explain(self, name: str, person: int, now: Instant) -> Explanation | None:
        if self.segment(name, now) is None or not 0 < person <= self.size:
            return None
        evidence = (Evidence("purchase", AT - timedelta(days=130), self.said("order 536365")),)
        parts = (
            Reason(self.said("did purchase at least 2 times"), True, "7", evidence),
            Reason("did not purchase within 90 days", person % 2 == 0, "130 days ago", evidence),
        )
        member = person % 2 == 0
        reason = Reason("all of these", member, "", (), parts)
        turn = Turn(
            "did not purchase within 90 days", self.said("no purchase for 12 days more"), AT
        )
        label, outlook = self.row(person).label, Outlook((turn,), 1, AT)
        return Explanation(name, person, label, member, AT, AT, reason, outlook)

    def campaigns(self) -> tuple[CampaignSummary, ...]:
        return (
            CampaignSummary(
                "win-back",
                2,
                self.said("Bring the lapsing back"),
                "lapsing",
                2_411,
                1_876,
                214,
                321,
                0,
                AT - timedelta(days=20),
            ),
        )

    def campaign(self, name: str, now: Instant) -> CampaignResult | None:
        if name != "win-back":
            return None
        offer = Arm(
            "question",
            False,
            943,
            931,
            Rate(388, 0.4114, 0.3805, 0.4431),
            Rate(109, 0.1156, 0.0967, 0.1376),
            Rate(131, 0.1389, 0.1183, 0.1625),
            1_912_300,
            2027.9,
            1688.0,
            2368.0,
            211,
            33,
            self.said("Did you forget something?"),
        )
        plain = Arm(
            "plain",
            False,
            933,
            922,
            Rate(325, 0.3483, 0.3185, 0.3795),
            Rate(79, 0.0847, 0.0685, 0.1043),
            Rate(110, 0.1179, 0.0988, 0.1402),
            1_588_000,
            1702.0,
            1399.0,
            2005.0,
            191,
            28,
            self.said("Four things for your kitchen"),
        )
        held = Arm(
            "holdout",
            True,
            214,
            0,
            None,
            None,
            Rate(17, 0.0794, 0.0503, 0.1234),
            246_100,
            1150.0,
            571.0,
            1729.0,
        )
        return CampaignResult(
            name=name,
            version=2,
            description=self.said("Bring the lapsing back"),
            segment="lapsing",
            window_days=14,
            as_of=AT,
            decided_at=AT - timedelta(days=20),
            verdicts=(
                VerdictCount("send", "", "question", 943),
                VerdictCount("send", "", "plain", 933),
                VerdictCount("holdout", "", "", 214),
                VerdictCount("refused", self.said("no consent for email_marketing"), "", 268),
                VerdictCount("refused", "address suppressed: unsubscribed", "", 53),
            ),
            states={"sent": 1853, "failed": 23},
            arms=(offer, plain, held),
            effects=(
                Effect(
                    "purchase",
                    "question",
                    "holdout",
                    "share",
                    0.0595,
                    0.0132,
                    0.0986,
                    0.024,
                    True,
                    self.said("'question' has more buyers than 'holdout'"),
                ),
                Effect(
                    "purchase",
                    "plain",
                    "holdout",
                    "share",
                    0.0385,
                    -0.0071,
                    0.0771,
                    0.112,
                    False,
                    "purchase of 'plain' and 'holdout': no difference can be told yet",
                ),
                Effect(
                    "open",
                    "question",
                    "plain",
                    "share",
                    0.0631,
                    0.0188,
                    0.107,
                    0.005,
                    True,
                    "'question' is opened by more people than 'plain'",
                ),
                Effect(
                    "click",
                    "question",
                    "plain",
                    "share",
                    0.0309,
                    0.0035,
                    0.0584,
                    0.027,
                    True,
                    "'question' is clicked by more people than 'plain'",
                ),
                Effect(
                    "revenue",
                    "question",
                    "holdout",
                    "money",
                    877.9,
                    206.0,
                    1550.0,
                    0.021,
                    True,
                    "'question' brings more revenue per person than 'holdout'",
                ),
            ),
            caused=(
                Caused("all variants", 1876, 92.1, 14.2, 158.4, 1_340_000, 222_000, 2_458_000),
                Caused("question", 943, 56.1, 12.4, 93.0, 827_860, 194_258, 1_461_650),
                Caused("plain", 933, 35.9, -6.6, 71.9, 515_016, -98_000, 1_128_000),
            ),
            ratio=RatioCheck(
                {"question": 0.45, "plain": 0.45, "holdout": 0.1},
                {"question": 943, "plain": 933, "holdout": 214},
                0.89,
                True,
            ),
            verdict=self.said(
                "The mails caused about 92 more buyers (95 % interval 14 to 158); "
                "'question' is opened and clicked by more people than 'plain'."
            ),
            method="fixed horizon: read once, when the planned number of people is in",
            machine_note="402 opens and 61 clicks by machines are left out of every rate.",
        )

    def inbox(self, query: str, after: str, limit: int) -> InboxPage:
        if query and query not in "person17@mail.example":
            return InboxPage((), 0)
        top = int(after or 1877) - 1
        rows = tuple(
            InboxRow(
                n,
                "ab" * 16 if n == top else f"{n:032x}",
                self.said(f"person{n}@mail.example"),
                self.said("Did you forget something?"),
                21_000 + n,
            )
            for n in range(top, max(0, top - limit), -1)
        )
        return InboxPage(rows, 1876, str(top - limit + 1) if top > limit else "")

    def mail(self, send_id: bytes) -> Mail | None:
        if send_id != bytes.fromhex("ab" * 16):
            return None
        html = HTML.format(self.said("Ada"))
        headers = (
            Header("From", self.said("Tailorbird demo shop <hello@shop.example>")),
            Header("To", "person17@mail.example"),
            Header("Subject", self.said("Did you forget something?")),
            Header("List-Unsubscribe", "<http://127.0.0.1:8400/u/t0k3n>"),
            Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )
        return Mail(
            send_id=send_id.hex(),
            subject=self.said("Did you forget something?"),
            sender=self.said("Tailorbird demo shop <hello@shop.example>"),
            to=self.said("person17@mail.example"),
            sent_at=AT,
            headers=headers,
            text=self.said("Hello Ada,\n\nfour things that people came back for.\n"),
            html=html,
            links=(
                Link(self.said("See them"), "http://127.0.0.1:8400/c/t0k3n"),
                Link("Sneaky", "javascript:alert(9)"),
            ),
            source="\r\n".join(f"{h.name}: {h.value}" for h in headers) + "\r\n\r\n" + html,
            size_bytes=21_204,
            person=17,
            campaign=self.said("win-back") if self.hostile else "win-back",
            variant="question",
        )

    def templates(self) -> tuple[TemplateRow, ...]:
        return (TemplateRow("win-back", 4, ("question", "plain")), TemplateRow("welcome", 1))

    def preview(self, template: str, person: int, variant: str, now: Instant) -> Preview | None:
        if template == "welcome":
            raise TemplateError(
                self.said("'coupon' is missing"),
                where="welcome.liquid:12:4",
                mend="add | default: ''",
            )
        if template != "win-back" or not 0 < person <= self.size:
            return None
        return Preview(
            template,
            person,
            self.row(person).label,
            variant or "question",
            self.said("Did you forget something?"),
            HTML.format(self.said("Ada")),
            self.said("Hello Ada,\n"),
        )

    def slots(self) -> tuple[SlotRow, ...]:
        rule = RuleRow("1", self.said("if is in the segment premium: offer_a"), "offer_a")
        return (SlotRow("offer", 1, self.said("What is offered"), ("offer_a",), (rule,)),)

    def proof(self, send_id: bytes, now: Instant) -> MailProof | None:
        if send_id != bytes.fromhex("ab" * 16):
            return None
        return MailProof(send_id.hex(), "proven", "d1" * 16, "d1" * 16, "ed" * 16)


if __name__ == "__main__":
    import uvicorn

    from tailorbird.web.server import application

    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8400
    shown = SampleReadings(hostile="--hostile" in sys.argv)
    site = application(public=(), readings=shown, base_url="http://127.0.0.1", clock=lambda: NOW)
    uvicorn.run(site, host="127.0.0.1", port=port, log_level="warning")

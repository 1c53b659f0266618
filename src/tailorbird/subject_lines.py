"""Subject lines: learnt from the tests of your own campaigns, scored, and always put to a test.

What others' tests say (a few weights that come with Tailorbird, or a file of tests of yours) is the
prior; your own tests move it. Until they have shown that it names winners, none is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from tailorbird import experiments, letters, results, serving
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import headlines
from tailorbird.schema import DAY, Instant
from tailorbird.views import moment
from tailorbird.views.subjects import (
    SubjectAdvice,
    SubjectCandidate,
    SubjectModel,
    SubjectReason,
    SubjectTest,
    TestedSubject,
)
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

MODEL: Final = "subject_lines"
"""The name under which the model of your own tests is kept."""
CORPUS: Final = "subject_lines_corpus"
"""The name under which the model of others' tests is kept, where a file of them was given."""
DETECTS: Final = 0.15
"""The relative difference of rates that a proposed test tells apart in four of five tests."""
CUSTOMARY_RATE: Final = 0.2
"""The share that opens, where no mail of your own has shown one."""
MOST_RATE: Final = 0.8
MOST: Final = headlines.MOST_CANDIDATES
LEAST_PEOPLE: Final = 50
"""People of an arm, below which a test says nothing of subjects."""
OPEN_DAYS: Final = 7
"""Within which an open counts for a subject."""
_BETWEEN: Final = "\x1f"


def own_tests(world: World, now: Instant) -> pa.Table:
    """Return what your campaigns' variants have shown: test, subject, people, wins.

    A test is one version of a campaign with several variants, drawn at random; who opened (or,
    where no picture tells, clicked) within a week won. Machines never count.
    """
    rows: list[tuple[str, str, int, int]] = []
    for campaign, _ in letters.campaigns.latest(world):
        rows += _tests_of(world, campaign.name, now)
    return _table(rows, test="string", subject="string", people="int64", wins="int64")


def tested(world: World, now: Instant) -> tuple[TestedSubject, ...]:
    """Return what `own_tests` returns, a subject each."""
    return tuple(TestedSubject(**row) for row in own_tests(world, now).to_pylist())


def _tests_of(world: World, name: str, now: Instant) -> list[tuple[str, str, int, int]]:
    found = _decided(world, name)
    if not found.num_rows:
        return []
    counted = experiments.outcomes(
        world.facts, found, campaign=name, days=OPEN_DAYS, as_of=now, reached=None
    )
    counted = [each for each in counted if each.arm.people >= LEAST_PEOPLE]
    opens = any(each.arm.human_openers > each.arm.human_clickers for each in counted)
    rows = []
    for each in counted:
        version, _, variant = each.arm.name.partition(_BETWEEN)
        subject = _subject(world, name, int(version), variant)
        wins = each.arm.human_openers if opens else each.arm.human_clickers
        if subject:
            rows.append((f"{name} {version}", subject, each.sent, min(wins, each.sent)))
    return [row for row in rows if sum(other[0] == row[0] for other in rows) > 1]


def _decided(world: World, name: str) -> pa.Table:
    """Return (person, variant, decided_at) of those written to, variants told apart by version."""
    rows = [
        (each.person, f"{each.campaign_version}{_BETWEEN}{each.variant}", each.at)
        for each in results.decisions(world, name)
        if each.verdict == "send" and each.variant
    ]
    return _table(rows, person="int64", variant="string", decided_at="int64")


def _table(rows: Sequence[tuple[object, ...]], **kinds: str) -> pa.Table:
    """Return rows as a table with these columns, each of its kind."""
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table(
        {
            name: pa.array(column, kind)
            for (name, kind), column in zip(kinds.items(), columns, strict=True)
        }
    )


def _subject(world: World, name: str, version: int, variant: str) -> str:
    found = letters.campaigns.find(world, name, version)
    said = found[0].variants.get(variant) if found else None
    return said.subject if said else ""


def learn(
    world: World, now: Instant, corpus: pa.Table | None = None, source: str = ""
) -> ModelCard:
    """Learn from your own tests, and first from a file of others' where one is given.

    Return the card; what is not surely better than chance is kept, and calls no winner.

    Raises:
        ModelError: a column of the corpus is missing, or `tailorbird[learn]` is not installed.
    """
    from tailorbird.predict import headline_training

    if corpus is not None:
        general = headline_training.fit(corpus, now=now, learnt_from=source)
        _keep(world, CORPUS, general, now)
    own = headline_training.fit(own_tests(world, now), prior=_kept(world, CORPUS), now=now)
    return _keep(world, MODEL, own, now)


def _keep(world: World, name: str, model: headlines.Headlines, now: Instant) -> ModelCard:
    card = _card(name, model, now)
    version = world.models.put(name, model.files(), msgspec.json.encode(card))
    return msgspec.structs.replace(card, version=version)


def _card(name: str, model: headlines.Headlines, now: Instant) -> ModelCard:
    judged = model.judged
    measures: tuple[Measure, ...] = ()
    if judged is not None:
        low, high = judged.low, judged.high
        measures = (
            Measure("accuracy", judged.accuracy, 0.5, "chance", low - 0.5, high - 0.5),
            Measure(
                "accuracy", judged.accuracy, judged.length, "length",
                low - judged.length, high - judged.length,
            ),
        )  # fmt: skip
    return ModelCard(
        name=name,
        kind="subject_lines",
        version=0,
        trained_at=now,
        train_window=(0, now),
        test_window=(0, now),
        people=0,
        features=("marks", "words", "pieces of words"),
        parameters={"tests": model.tests, "ceiling": judged.ceiling if judged else 0.0},
        measures=measures,
        serves=model.proven,
        why=model.why,
    )


def model(world: World) -> tuple[int, headlines.Headlines]:
    """Return what scores subjects now, with its version; 0 where none of your tests was learnt."""
    version, general = world.models.latest(MODEL), _kept(world, CORPUS)
    own = _kept(world, MODEL) if version else general
    return version, general if general.proven and not own.proven else own


def _kept(world: World, name: str) -> headlines.Headlines:
    """Return the latest model of a name, read once a version; where there is none, the shipped."""
    number = world.models.latest(name)
    return world.latest.of(name, number, lambda: _loaded(world, name, number))


def _loaded(world: World, name: str, number: int) -> headlines.Headlines:
    found = serving.kept(world, name, number)
    return headlines.load(found[1]) if found else headlines.shipped()


def advise(world: World, subjects: Sequence[str], now: Instant) -> SubjectAdvice:
    """Return each candidate's chance and reasons, whether one is called, and the test to make.

    Raises:
        UsageError: no subject, or more than twenty.
    """
    _, scorer = model(world)
    found = scorer.score(subjects)
    several = found.why not in ("alone", "same", "empty")
    return SubjectAdvice(
        candidates=tuple(_candidate(each) for each in found.candidates),
        called=found.called,
        why=found.why,
        sentence=found.sentence,
        test=_test(world, len(subjects), now) if several else None,
    )


def _candidate(found: headlines.Candidate) -> SubjectCandidate:
    reasons = tuple(
        SubjectReason(each.what, "for" if each.weight > 0 else "against", each.weight, each.kind)
        for each in found.reasons
    )
    return SubjectCandidate(found.subject, found.chance, found.familiar, reasons)


def _test(world: World, count: int, now: Instant) -> SubjectTest:
    metric, rate, own = _rate(world, now)
    each = experiments.sample_size(rate, rate * (1 + DETECTS))
    verb = "open" if metric == "open" else "click"
    known = "as yours do" if own else "which is customary; yours are not known yet"
    sentence = (
        f"Give each of the {count} subjects {each:,} people, drawn at random: then a difference of "
        f"{DETECTS:.0%} is told apart in four of five tests, where {rate:.1%} {verb} ({known})."
    )
    return SubjectTest(each, each * count, metric, rate, DETECTS, own, sentence)


_RATES: Final = """
SELECT COUNT(DISTINCT send_id) FILTER (event = 'email_sent') AS sent,
    COUNT(DISTINCT send_id) FILTER (event IN ('email_opened', 'email_clicked') AND NOT machine)
        AS opened,
    COUNT(DISTINCT send_id) FILTER (event = 'email_clicked' AND NOT machine) AS clicked
FROM facts WHERE send_id IS NOT NULL AND send_id <> '' AND "at" <= ? AND "at" > ?
"""


def _rate(world: World, now: Instant) -> tuple[Literal["open", "click"], float, bool]:
    """Return what share opens (or clicks) your mails of the last year, and whether it is yours."""
    row = world.facts.read(_RATES, (now, now - 365 * DAY)).to_pylist()[0]
    if row["sent"] < LEAST_PEOPLE or not row["opened"]:
        return "open", CUSTOMARY_RATE, False
    metric: Literal["open", "click"] = "open" if row["opened"] > row["clicked"] else "click"
    won = row["opened"] if metric == "open" else row["clicked"]
    return metric, min(max(won / row["sent"], 0.001), MOST_RATE), True


def standing(world: World) -> SubjectModel:
    """Return what scores subjects now: what it has learnt from, and how well it foretells."""
    version, found = model(world)
    judged = found.judged
    return SubjectModel(
        version=version,
        trained_at=moment(found.trained_at) if version else None,
        tests=found.tests,
        pairs=judged.pairs if judged else 0,
        proven=found.proven,
        why=found.why,
        learnt_from=found.learnt_from,
        accuracy=judged.accuracy if judged else None,
        low=judged.low if judged else None,
        high=judged.high if judged else None,
        ceiling=judged.ceiling if judged else None,
    )

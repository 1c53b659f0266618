"""`tailorbird models`: train, show what serves and why, look at drift, roll back, score."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird import money
from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Person,
    Reason,
    opened,
)
from tailorbird.cli.kept_commands import note, put_file
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError
from tailorbird.misfits import nearest
from tailorbird.model_cards import FairnessReport, ModelCard

if TYPE_CHECKING:
    from tailorbird.views.models import DriftLook, ModelDetail, ModelReport, PersonScore

app = typer.Typer(help="Models, each judged against its naive rule.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The model's name.")]
Names = Annotated[list[str] | None, typer.Argument(help="Only these; otherwise all.")]
Version = Annotated[int, typer.Option(min=1, help="The version that is to serve.")]
Trait = Annotated[str, typer.Option(help="A trait that tells people apart.")]
Epsilon = Annotated[float, typer.Option(help="How much privacy this training may cost.")]


@app.command("list")
def list_models(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every model: what it predicts, which version serves, whether it drifts."""
    from tailorbird import learning
    from tailorbird.readings import models

    with opened(folder) as tb:
        found = models.rows(tb.world)
        troubles = learning.troubles(tb.world)
    rows = [
        (
            each.name, each.target, each.serving or "none", _wins(each.card),
            "drifts" if each.drifts else "", each.scheduled or "by command",
        )
        for each in found
    ]  # fmt: skip
    head = ("model", "predicts", "serves", "what answers", "drift", "trained")
    emit(found, [*table(head, rows), *troubles], as_json=as_json)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="What is to be predicted, in YAML.")],
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check what is wanted of a model and keep it as a new version; `train` trains it."""
    put_file("model", file, author, reason, folder, as_json=as_json)


@app.command()
def train(names: Names = None, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Train and judge models; those serve that do not lose, and score everybody."""
    from tailorbird import learning

    with opened(folder) as tb:
        cards = tb.learn(names or None)
        said = [tb.world.model_record.turns(card.name, 1) for card in cards]
        refused = [] if names else [*learning.refused(tb.world).values()]
        for card in cards:
            note(tb, "model", card.name)
    lines = []
    for card, turns in zip(cards, said, strict=True):
        lines += card_lines(card)
        lines += [f"  {turn.how}: version {turn.version} serves; {turn.reason}" for turn in turns]
    emit(cards, [*lines, *(f"not trained: {each}" for each in refused)], as_json=as_json)


@app.command()
def report(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show the cards of the latest models."""
    from tailorbird import learning

    with opened(folder) as tb:
        cards = tb.model_cards()
        troubles = learning.troubles(tb.world)
    lines = [line for card in cards for line in card_lines(card)] + troubles
    emit(cards, lines or ["no model yet; run `tailorbird models train`"], as_json=as_json)


@app.command()
def show(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show one model: the card of what serves, its versions, drift, privacy spent."""
    from tailorbird.readings import models

    with opened(folder) as tb:
        found = models.detail(tb.world, name, tb.clock())
        known = models.names(tb.world)
    if found is None:
        mend = f"{nearest(name, list(known))} See `tailorbird models list`"
        raise UsageError(f"there is no model {name!r}", mend=mend)
    emit(found, _detail_lines(found), as_json=as_json)


@app.command()
def rollback(
    name: Name,
    version: Version,
    reason: Reason,
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Have another version serve from now on, and score everybody by it."""
    with opened(folder) as tb:
        kept = tb.roll_back(name, version, reason=reason, author=author)
    line = f"{name}: version {kept.version} serves instead of {kept.challenger}; {kept.reason}"
    emit(kept, [line], as_json=as_json)


@app.command("learn-on")
def learn_on(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Learn the outcomes since the last training; keep that only where it is clearly better."""
    from tailorbird.learning_on import learn_on as learn

    with opened(folder) as tb:
        found = learn(tb.world, name, tb.clock())
    what = f"version {found.version} serves" if found.version else "nothing was kept"
    gain = f"{found.measure.low:+.4f} to {found.measure.high:+.4f}"
    line = f"{name}: {found.learnt:,} outcomes; log loss changes by {gain} (95 %): {what}"
    emit(found, [line], as_json=as_json)


@app.command()
def drift(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Compare the latest window with that on which the serving version was judged."""
    from tailorbird.readings import models

    with opened(folder) as tb:
        found = models.look(tb.world, name, tb.clock())
    emit(found, _drift_lines(found), as_json=as_json)


@app.command()
def fairness(
    name: Name, trait: Trait = "country", folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Show whom a model chooses and finds in each group of a trait."""
    from tailorbird import auditing

    with opened(folder) as tb:
        found = auditing.fairness_of(tb.world, name, trait, tb.clock())
    emit(found, _fairness_lines(found), as_json=as_json)


@app.command()
def score(person: Person, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what every model says of one person now."""
    from tailorbird.freshening import Scores, reason
    from tailorbird.readings import models

    with opened(folder) as tb:
        number, now = tb.person(person), tb.clock()
        found = models.scores(Scores(tb.world), number, now) or ()
        why = {each.model: reason(tb.world, each.model, number, now) for each in found}
        currency = tb.world.settings.shop.currency
    rows = [
        (
            each.model, _words(each, each.value, currency),
            interval(each, currency), each.version,
            "kept" if each.kept else "now", why[each.model],
        )
        for each in found
    ]  # fmt: skip
    lines = list(table(("model", "says", "between, 95 %", "version", "scored", "why"), rows))
    emit(found, lines if rows else ["nothing: no model, or no consent to it"], as_json=as_json)


@app.command("train-privately")
def train_privately(
    name: Name,
    epsilon: Epsilon = 1.0,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Train a version that hides every single person, and say what that costs.

    It is paid for from the year's budget, the setting `privacy.epsilon_per_year`.
    """
    from tailorbird import auditing

    with opened(folder) as tb:
        card = auditing.learn_privately(tb.world, name, tb.clock(), epsilon=epsilon)
    mend = f"have it serve by `tailorbird models rollback {name} --version {card.version}`"
    emit(card, [*card_lines(card), mend], as_json=as_json)


def card_lines(card: ModelCard) -> list[str]:
    """Return a model card as text."""
    rows = [
        (m.name, m.model, m.naive, m.naive_rule, f"{m.low:+.4f} to {m.high:+.4f}")
        for m in card.measures
    ]
    head = ("measure", "model", "naive", "naive rule", "gain, 95 %")
    return [
        f"{card.name}, version {card.version}: {'serves' if card.serves else 'does not serve'}",
        f"  {card.why}",
        *(f"  {line}" for line in (table(head, rows) if rows else ())),
        *(f"  {line}" for line in _evened_lines(card)),
    ]


def _evened_lines(card: ModelCard) -> list[str]:
    if card.evened is None:
        return []
    rows = [
        (each.group, each.people, f"{each.chosen_before:.1%}", f"{each.chosen:.1%}",
         f"{each.outcome_rate:.1%}")
        for each in card.evened.groups
    ]  # fmt: skip
    head = (card.evened.trait, "people", "chosen without", "chosen", "came")
    return [card.evened.why, *table(head, rows)]


def interval(score: PersonScore, currency: str) -> str:
    """Return between what a score lies, in words; equal ends say that nobody can tell now."""
    if score.low == score.high:
        return "not known now"
    return f"{_words(score, score.low, currency)} to {_words(score, score.high, currency)}"


def _words(score: PersonScore, value: float, currency: str) -> str:
    match score.unit:
        case "money":
            return money.said(value, currency) if isfinite(value) else "not known"
        case "instant":
            return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d}"
        case "hour":
            return f"{value:.0f} h"
        case "share":
            return f"{value:.4f}"


def _wins(card: ModelReport | None) -> str:
    if card is None:
        return "not trained"
    if not card.scores:
        return "nobody is scored"
    return "the model" if card.serves else "its rule"


def _detail_lines(found: ModelDetail) -> list[str]:
    notes = [f"note: {each}" for each in found.notes]
    if found.card is None:
        return [f"{found.name} predicts {found.target}; it was not trained yet", *notes]
    loser = "nobody is scored" if found.card.kind == "uplift" else "rule"
    versions = [
        (
            each.version, f"{each.trained_at:%Y-%m-%d %H:%M}",
            "serves" if each.serves else each.became, "model" if each.wins else loser, each.why,
        )
        for each in found.versions
    ]  # fmt: skip
    spent = sum(each.epsilon for each in found.spent)
    return [
        f"{found.name} predicts {found.target}; version {found.serving} serves",
        f"  {found.card.why}",
        *notes,
        *_trait_lines(found.card),
        *table(("version", "trained", "state", "answers", "why"), versions),
        found.drift.why if found.drift else "drift: never looked at",
        *([f"learnt on {found.learnt_on.learnt:,} outcomes: {found.learnt_on.why}"]
          if found.learnt_on else []),
        *([f"privacy spent this year: epsilon {spent:g}"] if found.spent else []),
    ]  # fmt: skip


def _trait_lines(card: ModelReport) -> list[str]:
    rows = [(each.feature, each.words, f"{each.share:.1%}") for each in card.importances]
    return table(("what it rests on", "in words", "share"), rows) if rows else []


def _drift_lines(found: DriftLook) -> list[str]:
    rows = [
        (
            each.name, each.words, each.kind, f"{each.value:.3f}", f"{each.limit:.3f}",
            "ALARM" * each.alarm,
        )
        for each in found.drifts
    ]  # fmt: skip
    return [*table(("what", "in words", "kind", "moved", "limit", ""), rows), found.why]


def _fairness_lines(found: FairnessReport) -> list[str]:
    rows = [
        (
            each.group, each.people, f"{each.selection_rate:.1%}",
            "" if each.found is None else f"{each.found:.1%}",
            f"{each.mean_probability:.1%}", f"{each.outcome_rate:.1%}",
        )
        for each in found.groups
    ]  # fmt: skip
    head = (found.trait, "people", "chosen", "found", "said", "came")
    return [*table(head, rows), found.why]

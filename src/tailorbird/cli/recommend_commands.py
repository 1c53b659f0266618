"""`tailorbird recommend` and `tailorbird recommendations`: what people are shown, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Reason,
    opened,
)
from tailorbird.cli.kept_commands import keep, put_file
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.recommender_cards import ReportFigure
    from tailorbird.views.recommendations import (
        Answer,
        ExposureReport,
        RecommenderReport,
    )

app = typer.Typer(help="Rules of recommendation, and what they do.", no_args_is_help=True)
Rules = Annotated[str, typer.Option("--rules", help="The rules that choose.")]
USUAL = "default"


def recommend(
    person: Annotated[str, typer.Argument(help="As of `profiles show`; '' with --session.")] = "",
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=50, help="How many.")] = 8,
    rules: Rules = USUAL,
    category: Annotated[str, typer.Option(help="Of this category alone.")] = "",
    session: Annotated[str, typer.Option(help="A visitor's session, instead of a person.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what a person is recommended now: each product with its reason and its probability."""
    if bool(person) == bool(session):
        raise UsageError("say one of a person and --session", mend="recommend anna@example.org")
    with opened(folder) as tb:
        if session:
            found = tb.recommendations.of_session(session, count, rules=rules, category=category)
        else:
            found = tb.recommend(person, count, rules=rules, category=category)
    emit(found, list(_answer_lines(found)), as_json=as_json)


def _answer_lines(found: Answer) -> Iterator[str]:
    rows = [
        (
            each.rank,
            each.name,
            each.reason,
            "" if each.recommendation_score is None else f"{each.recommendation_score:.1%}",
        )
        for each in found.products
    ]
    yield from table(("", "product", "why", "buys it"), rows) if rows else ["nothing to show"]
    version = f", version {found.rules_version}" if found.rules_version else ""
    within = f" Probabilities are of {found.horizon_days} days." if found.horizon_days else ""
    yield f"{found.made_of} Rules: {found.rules}{version}.{within}"


@app.command("list")
def list_rules(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List all rules: what they ask, how many products pass, who uses them."""
    with opened(folder) as tb:
        found = tb.recommendations.rules()
    rows = [
        (
            each.name,
            each.version or "built in",
            f"{each.allowed:,} of {each.products:,}",
            "BROKEN" if each.trouble else "; ".join(each.says),
        )
        for each in found
    ]
    told = [f"{each.name} is broken: {each.trouble}" for each in found if each.trouble]
    heads = ("rules", "version", "products that pass", "what they ask")
    emit(found, [*table(heads, rows), *told], as_json=as_json)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Rules, in YAML; the file's name is theirs.")],
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check rules and keep them as a new version, which holds from now on."""
    put_file("recommendations", file, author, reason, folder, as_json=as_json)


@app.command()
def report(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what the recommender was worth on its last window, beside the naive rules."""
    with opened(folder) as tb:
        found = tb.recommendations.report()
    if not found.version:
        raise UsageError("no recommender has been judged", mend="tailorbird models train")
    emit(found, list(_report_lines(found)), as_json=as_json)


def _report_lines(found: RecommenderReport) -> Iterator[str]:
    yield f"recommender version {found.version}: {found.why}"
    if found.after and found.until:
        window = f"{found.after:%Y-%m-%d} to {found.until:%Y-%m-%d}"
        yield f"judged on {window}, {found.people:,} people"
    for section in found.sections:
        yield ""
        who = ": ".join(filter(None, (section.by, section.value)))
        yield f"{who}, {section.people:,} people"
        rules = [each.rule for each in section.figures[0].beside]
        rows = [_figure_row(each) for each in section.figures]
        yield from table(("figure", "model", "95 % interval", *rules), rows)
    if found.scores:
        worth = found.scores
        yield ""
        yield (
            f"probabilities: calibration error {worth.error:.4f} against {worth.error_of_rate:.4f} "
            f"of one rate for all, log loss {worth.log_loss:.4f} against "
            f"{worth.log_loss_of_rate:.4f}, on {worth.shown:,} products shown"
        )


def _figure_row(each: ReportFigure) -> tuple[str, ...]:
    others = (f"{other.value:.4f} ({other.low:+.4f} to {other.high:+.4f})" for other in each.beside)
    return each.name, f"{each.value:.4f}", f"{each.low:.4f} to {each.high:.4f}", *others


@app.command()
def exposure(
    rules: Annotated[str, typer.Argument(help="The rules that choose.")] = USUAL,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Audit who gets to be seen: shares by category, brand or age of what people would be shown."""
    with opened(folder) as tb:
        found = tb.recommendations.exposure(rules)
    emit(found, list(_exposure_lines(found)), as_json=as_json)


def _exposure_lines(found: ExposureReport) -> Iterator[str]:
    yield (
        f"{found.shown:,} of {found.products:,} products are shown to {found.people:,} people; "
        f"Gini {found.gini:.2f}"
    )
    if any(audit.steered for audit in found.audits):
        yield f"lifting leaves {found.ndcg:.1%} of the NDCG by the model's own scores"
    if found.waits:
        yield found.waits
    for audit in found.audits:
        yield ""
        rows = [
            (
                each.value, each.products, *([f"{each.before:.1%}"] if audit.steered else []),
                f"{each.share:.1%}", f"{each.low:.1%} to {each.high:.1%}", f"{each.target:.1%}",
                "too little" if each.too_little else "",
            )
            for each in audit.shares
        ]  # fmt: skip
        before = ("before",) if audit.steered else ()
        heads = (audit.by, "products", *before, "share", "95 % interval", "target", "")
        yield from table(heads, rows)


keep(app, "recommendations")

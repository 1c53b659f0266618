"""`tailorbird models`: train, and show each model's card."""

from __future__ import annotations

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, table
from tailorbird.model_cards import ModelCard

app = typer.Typer(help="Models, each judged against its naive rule.", no_args_is_help=True)


@app.command()
def train(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Train and judge both models on a time split, and score everybody."""
    with opened(folder) as tb:
        cards = tb.learn()
    emit(cards, [line for card in cards for line in card_lines(card)], as_json=as_json)


@app.command()
def report(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show the cards of the latest models."""
    with opened(folder) as tb:
        cards = tb.model_cards()
    lines = [line for card in cards for line in card_lines(card)]
    emit(cards, lines or ["no model yet; run `tailorbird models train`"], as_json=as_json)


def card_lines(card: ModelCard) -> list[str]:
    """Return a model card as text."""
    rows = [
        (m.name, m.model, m.naive, m.naive_rule, f"{m.low:+.4f} to {m.high:+.4f}")
        for m in card.measures
    ]
    return [
        f"{card.name}, version {card.version}: {'serves' if card.serves else 'does not serve'}",
        f"  {card.why}",
        *(
            f"  {line}"
            for line in table(("measure", "model", "naive", "naive rule", "gain, 95 %"), rows)
        ),
    ]

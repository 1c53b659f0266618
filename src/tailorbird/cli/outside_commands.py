"""`tailorbird models bring`: models that were trained elsewhere, as ONNX or at an address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.model_commands import card_lines
from tailorbird.cli.output import emit
from tailorbird.errors import UsageError

Name = Annotated[str, typer.Argument(help="The model whose next version it becomes.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", help="INPUT=TRAIT,TRAIT of each input; TRAIT,TRAIT where there is one."
    ),
]


def bring(
    name: Name,
    onnx: Annotated[Path | None, typer.Option(help="The ONNX file.")] = None,
    url: Annotated[str, typer.Option(help="The address that is asked.")] = "",
    ours: Annotated[
        bool, typer.Option("--ours", help="The address is ours, or our processor's.")
    ] = False,
    inputs: Inputs = None,
    output: Annotated[str, typer.Option(help="The output that is read.")] = "",
    column: Annotated[int | None, typer.Option(help="Its column; the last by default.")] = None,
    unknown: Annotated[
        float | None, typer.Option(help="What stands for a number that is not known.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Judge a model from outside beside the naive rule, and keep it as a version."""
    from tailorbird import bringing

    fed = _inputs(inputs or [])
    with opened(folder) as tb:
        tb.ingest()
        if onnx is not None:
            card = bringing.onnx(
                tb.world, name, onnx, fed, tb.clock(), output=output, column=column, unknown=unknown
            )
        elif url:
            traits = tuple(trait for each in fed.values() for trait in each)
            card = bringing.address(tb.world, name, url, traits, tb.clock(), ours=ours)
        else:
            what = "neither a file nor an address of the model is given"
            raise UsageError(what, mend="give --onnx FILE or --url ADDRESS")
    emit(card, card_lines(card), as_json=as_json)


def secret(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show the secret with which is signed what models at addresses are asked."""
    from tailorbird import asking, notify

    with opened(folder) as tb:
        shown = notify.shown(asking.secret_of(tb.world))
    emit({"secret": shown}, [shown], as_json=as_json)


def _inputs(texts: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the traits of each input; '' is the name of the only one.

    Raises:
        UsageError: no trait was named.
    """
    found = {}
    for text in texts:
        name, _, traits = text.rpartition("=")
        found[name] = tuple(trait.strip() for trait in traits.split(",") if trait.strip())
    if not found or not all(found.values()):
        mend = "write --input recency_days,orders"
        raise UsageError("nobody said which traits it is fed", mend=mend)
    return found

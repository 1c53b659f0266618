"""`tailorbird show`: a sent mail, made again and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.views import MailProof


def show(
    message: Annotated[str, typer.Argument(help="A send's id, or the Message-ID of its mail.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show a sent mail, made again from the ledger, and prove that it is what left.

    Ends with 1 where it is not.
    """
    try:
        send_id = bytes.fromhex(message.strip("<> ").partition("@")[0])
    except ValueError:
        raise UsageError(f"{message!r} is no id of a send", mend="see `tailorbird why`") from None
    with opened(folder) as tb:
        proof = tb.readings.proof(send_id, tb.clock())
    if proof is None:
        raise UsageError(f"nothing was sent as {message!r}", mend="see `tailorbird why PERSON`")
    lines = [f"Subject: {proof.subject}", "", proof.text, *_proven(proof)]
    emit(proof, lines, as_json=as_json)
    return 1 if proof.state == "differs" else 0


def _proven(proof: MailProof) -> list[str]:
    match proof.state:
        case "proven":
            return [f"proven: byte for byte what was sent, digest {proof.recorded}"]
        case "unsent":
            return ["it has not been sent"]
        case "unrecorded":
            return ["sent, but the process died before its digest was recorded"]
    lines = [f"DIFFERS from what was sent: digest {proof.made}, recorded {proof.recorded}"]
    return [*lines, *(f"  {reason}" for reason in proof.reasons)]

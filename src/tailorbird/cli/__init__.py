"""The command line: reads arguments and the clock, calls `app`, prints.

In: argv.
Out: text or JSON on standard output; errors on standard error; exit 0 done, 1 refused, 2 misused.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Final

from tailorbird.errors import TailorbirdError

YOUNG: Final = 50_000
"""New objects between two looks for garbage: at Python's own 700, a start takes a sixth longer."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status."""
    from tailorbird.cli.unasked import keep_pandas_out

    gc.set_threshold(YOUNG)
    keep_pandas_out()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Known errors become one line, never a trace."""
    from tailorbird.cli.commands import app
    from tailorbird.cli.narrowing import narrowed
    from tailorbird.cli.output import DISK_FULL

    as_json = "--json" in arguments
    try:
        named = narrowed(app, arguments)
        return _status(named(list(arguments), standalone_mode=False, prog_name="tailorbird"))
    except TailorbirdError as error:
        return _report(error.code, error.sentence(), error.exit_status, as_json)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _report(
            "disk_full",
            f"{where}no space left on the disk; free some and run the same command again: "
            "nothing that was acknowledged is lost",
            1,
            as_json,
        )
    except KeyboardInterrupt:
        return _report("stopped", "stopped; run the same command again to go on", 130, as_json)
    except Exception as error:
        message = _misuse(error)
        if message is None:
            raise
        return _report("usage", message, 2, as_json)


def _status(returned: object) -> int:
    return returned if isinstance(returned, int) else 0


def _misuse(error: Exception) -> str | None:
    """Return the message of the command-line parser's own errors, None for any other."""
    if type(error).__name__ == "Abort":
        return "stopped"
    show = getattr(error, "format_message", None)
    if show is None:
        return None
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "tailorbird")
    return f"{str(show()).rstrip('.')}; see `{path} --help`"


def _report(code: str, message: str, status: int, as_json: bool) -> int:
    if as_json:
        import msgspec

        text = msgspec.json.encode({"error": {"code": code, "message": message}}).decode()
    else:
        text = f"tailorbird: {message}"
    sys.stderr.write(text + "\n")
    return status

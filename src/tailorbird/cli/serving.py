"""`tailorbird serve`: collector, tracking, API, pages and the worker in one process."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tailorbird.errors import SettingsError

Say = Callable[[str], None]


def serve_folder(folder: Path, *, host: str = "", port: int = 0, say: Say) -> None:
    """Serve a data folder until interrupted.

    Raises:
        UsageError: there is no such folder.
        SettingsError: the port is in use, or the address is not this machine's.
    """
    import uvicorn

    from tailorbird.cli.arguments import opened
    from tailorbird.cli.carrier_commands import where_mails_go
    from tailorbird.web.serve import site

    with opened(folder) as tb:
        server = tb.world.settings.server
        host, port = host or server.host, port or server.port
        check_free(host, port)
        say(f"Tailorbird serves {folder} at http://{host}:{port}/  (Ctrl-C stops it)")
        say(where_mails_go(tb.world.settings))
        # Ctrl-C is how a server is stopped; uvicorn has let go of its work when it hands it on.
        with suppress(KeyboardInterrupt):
            uvicorn.run(site(tb), host=host, port=port, log_level="warning", access_log=False)


def check_free(host: str, port: int) -> None:
    """Return when the port can be listened on.

    Raises:
        SettingsError: it cannot, and why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on port {port}: {error.strerror}",
                where=f"server.port, address {host}",
                mend="stop the other program, or choose another port with --port",
            ) from None

"""The settings of a ledger that several machines share; `settings` hands them on."""

from __future__ import annotations

import msgspec


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where decisions and what is to be sent are kept: in the folder, or where machines share it.

    With an address, several machines send from one PostgreSQL (14 or later): one of them is the
    home, with the log, the people and the facts; the others only send.
    """

    url: str = ""
    """`postgresql://USER:PASSWORD@HOST/DATABASE`; empty: in the folder."""
    url_file: str = ""
    """A file that holds the address, for those who keep secrets in files."""
    key_file: str = ""
    """Where a machine that only sends has a copy of the home's `tailorbird.key`.

    Empty: in its own folder.
    """
    dead_after_seconds: float = 30.0
    """How long a worker must have been gone before another one takes over what it had in hand."""

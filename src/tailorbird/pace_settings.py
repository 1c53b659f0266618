"""The settings of the pace; `settings` hands them on."""

from __future__ import annotations

from typing import Final

import msgspec

PACE_LISTS: Final = "pace.warm_up."
PACE_TABLES: Final = (
    PACE_LISTS, "pace.rate.", "pace.under_way.", "pace.release_hours.", "pace.providers.",
)  # fmt: skip
"""Start the names of tables whose keys are providers, campaigns or domains."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many mails one person gets at most, of all campaigns and journeys together.

    `1/day` and `3/week` hold on her own calendar, `2/36h` and `5/30d` for any such span of time.
    Mails that somebody asked for, such as confirmations, neither count nor wait.
    """

    email: tuple[str, ...] = ()
    """Of every purpose."""
    email_marketing: tuple[str, ...] = ()


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast mails leave for whom. None of it holds for the local inbox.

    Keys are mailbox providers (`gmail`, `outlook`, `yahoo` ...), `any` for those without a word of
    their own, and `total` for all that a sending domain sends.
    """

    rate: dict[str, str] = {}
    """Provider -> at most so many: `"20/s 30000/h"`; "" lifts the one that is built in."""
    under_way: dict[str, int] = {}
    """Provider -> at most so many given to the carrier and not yet answered, by all workers."""
    warm_up: dict[str, tuple[int, ...]] = {}
    """Provider -> mails on the first day of sending, the second, and so on; then no limit."""
    warm_up_hours: float = 8.0
    """Over so many hours the volume of a day is spread."""
    quiet_since: str = ""
    quiet_until: str = ""
    """Between these clock times of the person's zone no campaign is sent: "21:00", "8:00"."""
    release_hours: dict[str, float] = {}
    """Campaign, or `any` -> over so many hours its mails are spread."""
    providers: dict[str, str] = {}
    """Domain -> provider, for domains that the built-in table does not know."""
    group_by_mail_server: bool = False
    """Ask the DNS whose mail server keeps the mailboxes of a domain that is not known."""
    hard_bounces: float = 0.05
    complaints: float = 0.003
    """Shares above which a stream stops until it is resumed by hand; 0: never."""
    window_hours: int = 24
    """The mails of so many hours are judged."""
    least_sent: int = 200
    """Fewer are not judged."""

"""How much text and how many elements one rendering may work on: a budget that stands for time.

Loops have a budget of turns and the output has one of characters; this one bounds what happens
between them, such as a filter over a long text in every turn. Rooms read no clock, so the same
template ends the same way on every machine.
"""

from __future__ import annotations

import threading
from typing import Final

from tailorbird.errors import TemplateError

MOST_WORK: Final = 500_000_000
"""Characters and elements that the filters of one rendering may go through."""
LARGE: Final = 4_096
"""What is smaller is not counted: the budgets of turns and of the output bound it."""


class _Meter(threading.local):
    left: int = MOST_WORK


_meter = _Meter()


def begin() -> None:
    """Give the rendering that begins in this thread its whole budget."""
    _meter.left = MOST_WORK


def spend(amount: int) -> None:
    """Take from the budget of the rendering in this thread.

    Raises:
        TemplateError: nothing is left.
    """
    _meter.left -= amount
    if _meter.left < 0:
        raise TemplateError(
            f"its filters go through more than {MOST_WORK:,} characters",
            mend="take filters over long texts and lists out of loops",
        )

"""What the lint says about a template."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird.content.tree import Place

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, where, and how to mend it.

    `where` is `file:line:column` in the author's own file, or that of the block.
    """

    code: str
    severity: Severity
    where: str
    line: int
    what: str
    mend: str

    def sentence(self) -> str:
        """Return the one line that people read."""
        return f"{self.where}: {self.severity} {self.code}: {self.what}; {self.mend}"


def error(code: str, place: Place, what: str, mend: str) -> Finding:
    """Return a finding with which a mail must not go out."""
    return Finding(code, "error", str(place), place.line, what, mend)


def warning(code: str, place: Place, what: str, mend: str) -> Finding:
    """Return a finding with which a mail may go out."""
    return Finding(code, "warning", str(place), place.line, what, mend)

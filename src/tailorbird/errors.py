"""One tree of errors; the class says who must act.

Every message says what is wrong, where it is, and how to mend it, in that order. Expected refusals
in bulk paths (a bad row, a person without consent) are data, not exceptions.
"""

from __future__ import annotations


class TailorbirdError(Exception):
    """Base of every error that Tailorbird raises on purpose.

    `code` is the stable name that the API and `--json` show; `exit_status` is the command's.
    """

    code = "error"
    exit_status = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return `where: what; mend`, the one line that people read."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.mend}" if self.mend else head


class UsageError(TailorbirdError):
    """The caller asked for something that does not exist or does not fit."""

    code = "usage"
    exit_status = 2


class SettingsError(TailorbirdError):
    """The operator must mend `tailorbird.toml`, an environment variable or the machine."""

    code = "settings"
    exit_status = 2


class DefinitionError(TailorbirdError):
    """The author of a segment, mapping, campaign or model file must mend it."""

    code = "definition"


class TemplateError(TailorbirdError):
    """The author of a template must mend it. `where` is `file:line:column`, or the file alone."""

    code = "template"

    @property
    def file(self) -> str:
        """Return the name of the template or block at fault."""
        return self._parts()[0]

    @property
    def line(self) -> int | None:
        """Return the line at fault, from 1; None where the whole file is."""
        return self._parts()[1]

    @property
    def column(self) -> int | None:
        """Return the column at fault, from 1; None where the whole file is."""
        return self._parts()[2]

    def _parts(self) -> tuple[str, int | None, int | None]:
        file, *numbers = self.where.rsplit(":", 2)
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
            return file, int(numbers[0]), int(numbers[1])
        return self.where, None, None


class SourceError(TailorbirdError):
    """The owner of a file or a system that we read from must mend it."""

    code = "source"


class StoreError(TailorbirdError):
    """The operator must look at the data folder: its version, its lock, its disk."""

    code = "store"


class Stopped(TailorbirdError):  # noqa: N818 - nobody erred
    """Nobody waits for the answer any more, so the work on it has ended."""

    code = "stopped"


class CarrierError(TailorbirdError):
    """The operator must look at the carrier: its address, its credentials, its reply."""

    code = "carrier"


class ModelError(TailorbirdError):
    """A model cannot be trained or read. A model that merely loses is refused as data."""

    code = "model"


class BudgetError(ModelError):
    """The privacy of a year is spent: who asks asks for less, or the operator allows more."""

    code = "privacy_budget"


class RecordError(TailorbirdError):
    """The program that wrote a record by the API must mend it. `code` says what is refused."""

    code = "record"

    def __init__(self, what: str, *, code: str = "", where: str = "", mend: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        if code:
            self.code = code


class ConflictError(TailorbirdError):
    """The program that wrote by the API must look at what is there already."""

    code = "conflict"

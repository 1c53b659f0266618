"""A mail, made for its whole audience before anybody is written to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId
from tailorbird.views.slots import Counted


class Misfit(msgspec.Struct, frozen=True):
    """Where a template does not fit what it is given: an unknown name, a value of another kind."""

    where: str
    what: str
    mend: str


class CheckedDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template's text that is not kept yet; empty for the version in force."""

    text: Annotated[str, Meta(max_length=1 << 20)] = ""


class AudienceFinding(msgspec.Struct, frozen=True):
    """One thing that stands out, how many people it concerns, and the first of them.

    `kind`: `lacks` (a value that would be printed), `empty_block`, `fails`, `dead_link`,
    `unsigned_link`, `too_large`, `refused`.
    """

    kind: str
    what: str
    people: int
    share: float
    """Of the audience."""
    sample: tuple[PersonId, ...] = ()
    mend: str = ""


class Longest(msgspec.Struct, frozen=True):
    """Whose mail is the longest; `text` is the subject itself."""

    person: PersonId
    size: int
    text: str = ""


class AudienceReport(msgspec.Struct, frozen=True):
    """What came of making a mail for an audience, so far: `done` of `asked` people were seen."""

    name: str
    state: str
    """`running`, `done`, `stopped` or `failed`."""
    as_of: datetime
    asked: int
    done: int
    rendered: int
    sound: bool
    """Nothing stands in the way: no misfit, nobody lacks anything, no mail fails, no dead link."""
    misfits: tuple[Misfit, ...] = ()
    findings: tuple[AudienceFinding, ...] = ()
    longest_subject: Longest | None = None
    largest_mail: Longest | None = None
    """In bytes of HTML."""
    shown: tuple[Counted, ...] = ()
    rules: tuple[Counted, ...] = ()
    fallbacks: tuple[Counted, ...] = ()
    trouble: str = ""
    """Why it failed."""


class Concerned(msgspec.Struct, frozen=True):
    """One page of the people whom a finding concerns, by number; `labels` are what to call them."""

    people: tuple[PersonId, ...]
    total: int
    next: str = ""
    labels: tuple[str, ...] = ()

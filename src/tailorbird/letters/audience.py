"""A campaign's mail, made for its whole audience before anybody is written to.

Every mail is rendered and let go of; what is kept are counts, extremes and, of each finding, whom
it concerns. The work can be stopped at any hundred people.
"""

from __future__ import annotations

import gc
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird import journeys
from tailorbird.content.typecheck import Misfit, misfits
from tailorbird.content.unsigned import LEFT_ALONE, may_be_unsigned
from tailorbird.errors import Stopped, TemplateError
from tailorbird.letters.deciding import NO_URLS, Deciding
from tailorbird.letters.editions import Edition
from tailorbird.letters.given import Given, Values
from tailorbird.letters.limiting import too_often
from tailorbird.letters.rendering import render
from tailorbird.letters.shapes import shapes
from tailorbird.schema import Instant, PersonId, Rendered
from tailorbird.stopping import Stop
from tailorbird.world import World

FindingKind: TypeAlias = Literal[
    "lacks", "empty_block", "fails", "dead_link", "unsigned_link", "too_large", "refused"
]
Progress: TypeAlias = Callable[[int, int], None]
AT_ONCE: Final = 2_000
"""People whose traits and products are asked together; what is in memory at most."""
LOOKS: Final = 100
"""People between two looks at whether to stop."""
KEPT: Final = 100_000
"""Most people whose numbers a finding keeps; beyond that they are counted."""
LARGEST: Final = 102 * 1024
"""Bytes of HTML that Gmail shows; it cuts what is longer."""
MOST_FINDINGS: Final = 500
_HREF: Final = re.compile(r"""href=(?:"([^"]*)"|'([^']*)')""")
_ALIVE: Final = re.compile(r"https?://[^\s/.]+(?:\.[^\s/.]+)+(?:[/?#]\S*)?|https?://localhost\S*")
_SEALED: Final = 34
"""Bytes of a click's token beside its address."""


@dataclass(slots=True)
class Concerned:
    """How many people a finding concerns, and the numbers of the first of them."""

    count: int = 0
    people: array[int] = field(default_factory=lambda: array("q"))

    def add(self, person: PersonId) -> None:
        """Count one more."""
        self.count += 1
        if len(self.people) < KEPT:
            self.people.append(person)


class Extreme(msgspec.Struct, frozen=True):
    """Whose mail is the longest, by what."""

    person: PersonId = 0
    size: int = 0
    text: str = ""


@dataclass(slots=True)
class AudienceCheck:
    """What came of it so far. `asked` are the people of the audience, `done` how many were seen."""

    campaign: str
    as_of: Instant
    asked: int
    misfits: tuple[Misfit, ...] = ()
    done: int = 0
    rendered: int = 0
    stopped: bool = False
    findings: dict[tuple[FindingKind, str], Concerned] = field(default_factory=dict)
    subject: Extreme = field(default_factory=Extreme)
    html: Extreme = field(default_factory=Extreme)
    slots: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    fallbacks: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def sound(self) -> bool:
        """Return whether nothing stands in the way: no misfit, no failing mail, no dead link."""
        kinds = {kind for kind, _ in self.findings}
        return not self.misfits and kinds.isdisjoint(("fails", "dead_link", "lacks"))

    def note(self, kind: FindingKind, what: str, person: PersonId) -> None:
        """Count somebody under a finding; of very many findings, the first."""
        found = self.findings.get((kind, what))
        if found is None:
            if len(self.findings) >= MOST_FINDINGS:
                return
            found = self.findings[kind, what] = Concerned()
        found.add(person)


def begin(
    world: World, edition: Edition, people: Sequence[PersonId], now: Instant
) -> AudienceCheck:
    """Return an empty check; the template itself is checked already.

    Raises:
        TemplateError: it is not valid at all.
    """
    found = misfits(edition.source, edition.blocks, shapes(world, edition))
    return AudienceCheck(edition.campaign.name, now, len(people), found)


def check(
    world: World,
    edition: Edition,
    people: Sequence[PersonId],
    found: AudienceCheck,
    *,
    apart: str | None = None,
    stop: Stop | None = None,
    on_progress: Progress | None = None,
) -> AudienceCheck:
    """Go on with a check until everybody was seen, or somebody stops it; return it.

    With `apart` (the campaigns whose mails do not count for the cap) the campaign's own decision
    says who is written to; without, everybody is.
    """
    deciding = Deciding(world, edition, found.as_of)
    maker = _Maker(edition, found)
    with suppress(Stopped):
        while found.done < len(people):
            some = people[found.done : found.done + AT_ONCE]
            with _uncollected():
                for person, variant, given, refusal in _chosen(world, deciding, some, apart):
                    if found.done % LOOKS == 0 and stop is not None:
                        stop.check()
                    if refusal:
                        _refused(found, refusal, person)
                    elif variant != journeys.HOLDOUT:
                        maker.make(person, variant, given)
                    found.done += 1
            if on_progress:
                on_progress(found.done, len(people))
    found.stopped = found.done < len(people)
    return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Have nobody look for circles in plain values, which form none: a third of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _chosen(
    world: World, deciding: Deciding, people: Sequence[PersonId], apart: str | None
) -> list[tuple[PersonId, str, Given, str]]:
    """Return (person, variant, given, refusal) as the campaign would decide."""
    if apart is not None:
        given: dict[PersonId, Given] = {}
        found = deciding.candidates(people, given)
        spent = too_often(world, deciding.campaign, found, deciding.now, apart)
        return [
            (
                each.person,
                each.variant,
                given[each.person],
                journeys.refusal(each) or spent.get(each.person, ""),
            )
            for each in found
        ]
    states, profiles = world.people.consent_states(people), world.people.profiles(people)
    first = next(iter(deciding.campaign.variants))
    kept = deciding.given(people, states, profiles)
    return [(person, first, each, each.refusal) for person, each in kept.items()]


def _refused(found: AudienceCheck, refusal: str, person: PersonId) -> None:
    found.note("refused", refusal, person)
    if refusal.startswith("missing "):
        found.note("lacks", refusal.removeprefix("missing "), person)


class _Maker:
    """Renders one mail after the other and notes what stands out."""

    def __init__(self, edition: Edition, found: AudienceCheck) -> None:
        self._found = found
        self._template = edition.template
        self._base = edition.manifest.base_url
        self._urls = {
            **NO_URLS,
            "unsubscribe_url": f"{self._base}/u/{'x' * 43}",
            "view_url": f"{self._base}/v/{'x' * 43}",
            "personalisation_url": f"{self._base}/p/{'x' * 43}",
            "preferences_url": f"{self._base}/m/{'x' * 43}",
            "images": {
                name: f"{self._base}/i/{name}?t={'x' * 96}" for name in edition.reads("images")
            },
        }
        self._alive: set[str] = set()
        self._tokens: dict[int, str] = {}
        self._scans = may_be_unsigned(edition.source, edition.blocks)

    def make(self, person: PersonId, variant: str, given: Given) -> None:
        """Render one person's mail."""
        found = self._found
        data = {**given.values, **self._urls}
        signed: list[str] = []

        def link(url: str, index: int) -> str:
            signed.append(url)
            return self._stand_in(len(url))

        try:
            mail = render(
                self._template, variant, data, links=link,
                pixel_url=f"{self._base}/o/{'x' * 43}.gif", now=found.as_of,
            )  # fmt: skip
        except TemplateError as error:
            found.note("fails", error.sentence(), person)
            return
        found.rendered += 1
        for block in given.empty:
            found.note("empty_block", block, person)
        self._count(given.kept)
        self._measure(mail, person)
        self._links(mail, signed, person)

    def _count(self, kept: Values) -> None:
        found = self._found
        for key, counter in (
            ("slots", found.slots), ("rules", found.rules), ("fallbacks", found.fallbacks)
        ):  # fmt: skip
            if key in kept:
                counter.update(kept[key].items())

    def _measure(self, mail: Rendered, person: PersonId) -> None:
        found = self._found
        if len(mail.subject) > found.subject.size:
            found.subject = Extreme(person, len(mail.subject), mail.subject)
        size = len(mail.html) if mail.html.isascii() else len(mail.html.encode())
        if size > found.html.size:
            found.html = Extreme(person, size)
        if size > LARGEST:
            found.note("too_large", f"more than {LARGEST:,} bytes of HTML", person)

    def _links(self, mail: Rendered, signed: list[str], person: PersonId) -> None:
        alive = self._alive
        for url in dict.fromkeys(each for each in signed if each not in alive):
            if not self._lives(url):
                self._found.note("dead_link", url or "(no address)", person)
        if not self._scans:
            return
        for one, other in dict.fromkeys(_HREF.findall(mail.html)):
            url = one or other
            if url.startswith((self._base, *LEFT_ALONE)):
                continue
            kind: FindingKind = "unsigned_link" if self._lives(url) else "dead_link"
            self._found.note(kind, url or "(no address)", person)

    def _lives(self, url: str) -> bool:
        """Return whether an address could lead to a page; those that could are remembered."""
        if url in self._alive:
            return True
        if _ALIVE.fullmatch(url) is None:
            return False
        if len(self._alive) > KEPT:
            self._alive.clear()
        self._alive.add(url)
        return True

    def _stand_in(self, length: int) -> str:
        """Return an address as long as the signed one of an address of this length."""
        found = self._tokens.get(length)
        if found is None:
            size = (_SEALED + length) * 4 // 3
            found = self._tokens[length] = f"{self._base}/c/{'x' * size}"
        return found

"""Definitions, keys, receivers of webhooks, people who may be one, refused records: ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tailorbird.access import Change, Hook, Key, Notice, NoticeState
from tailorbird.edits import Edit, EditSet, How
from tailorbird.edits import Key as DefinitionKey
from tailorbird.schema import (
    Body,
    Definition,
    DefinitionKind,
    Instant,
    PersonId,
    Position,
    Quarantined,
    QuarantineState,
)
from tailorbird.suppression_words import MailPurpose, SuppressionReason, SuppressionWord
from tailorbird.ties import Match, MatchState


class Definitions(Protocol):
    """What authors wrote, every version kept."""

    def put(
        self, kind: DefinitionKind, name: str, text: str, *, author: str, reason: str, now: Instant
    ) -> Definition:
        """Keep a new version when the text differs from the latest; return the latest."""

    def remove(
        self, kind: DefinitionKind, name: str, *, author: str, reason: str, now: Instant
    ) -> Definition | None:
        """Keep that a definition is no more; return what it was, None where there is none."""

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        """Return one version, or the latest; None where it was removed."""

    def versions(self, kind: DefinitionKind, name: str, limit: int = 100) -> list[Definition]:
        """Return the versions of a name, removals among them, the newest first."""

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        """Return the latest version of every name of this kind that is not removed, by name."""

    def standing(self) -> dict[DefinitionKey, int]:
        """Return the last version of all that authors wrote, also of what was removed."""

    def put_together(
        self,
        edits: Sequence[Edit],
        standing: Mapping[DefinitionKey, int] | None,
        *,
        how: How,
        author: str,
        reason: str,
        now: Instant,
    ) -> EditSet | None:
        """Keep these edits as one, all or none; a text that is in force already adds no version.

        None, and nothing is kept, where the definitions do not stand any more as in `standing`.
        """

    def edit_sets(self, limit: int = 100, number: int | None = None) -> list[EditSet]:
        """Return what was kept together, the latest first; or the one of a number."""

    def bases(self) -> dict[DefinitionKey, int]:
        """Return the last version of each definition that was put or pulled together."""


class Keys(Protocol):
    """The keys of senders, and the answers that an `Idempotency-Key` gets again."""

    def all(self) -> list[Key]:
        """Return every key, ended ones too, by name and then by age."""

    def add(self, key: Key) -> None:
        """Keep a key durably."""

    def end(self, name: str, at: Instant) -> int:
        """End the keys of this name at an instant, unless they end before; return how many."""

    def replace(self, key: Key, old_until: Instant) -> None:
        """End the other keys of this name at an instant and keep the new one, together."""

    def answer(self, key: bytes, now: Instant) -> tuple[bytes, int, bytes, bytes] | None:
        """Return (fingerprint, status, headers, content) of what was answered within a day."""

    def keep_answer(
        self, key: bytes, fingerprint: bytes, answer: tuple[int, bytes, bytes], now: Instant
    ) -> None:
        """Keep (status, headers, content) durably for a day."""


class Hooks(Protocol):
    """Receivers of webhooks, and the notices that wait for them in order."""

    def all(self) -> list[Hook]:
        """Return every hook, oldest first."""

    def add(self, hook: Hook, secret: bytes) -> None:
        """Keep a hook durably, its secret sealed."""

    def secret(self, hook: str) -> bytes | None:
        """Return the secret with which a hook's notices are signed."""

    def mark(self, hook: str, *, failing_since: Instant = 0, disabled: str = "") -> None:
        """Keep since when a hook fails, and why it is disabled; '' enables it."""

    def remove(self, hook: str, now: Instant) -> bool:
        """Forget a hook and give up what waits for it; return whether there was one."""

    def progress(self, reader: str) -> str:
        """Return how far a reader has come, or ''."""

    def told(self, people: Sequence[PersonId]) -> dict[PersonId, bytes]:
        """Return what the receivers were told of each person last."""

    def keep(
        self,
        notices: Sequence[Notice],
        progress: Mapping[str, str],
        told: Mapping[PersonId, bytes | None],
        now: Instant,
    ) -> None:
        """Keep notices, how far the readers came, and what is told now, durably and together."""

    def start_anew(self) -> None:
        """Forget how far the readers came and what was told: nobody listens."""

    def due(self, hook: str, now: Instant, limit: int) -> list[Notice]:
        """Return what waits for a hook, in order; nothing while the first of it rests."""

    def settle(self, notice: Notice) -> None:
        """Keep durably how one attempt ended."""

    def states(self, notices: Sequence[str]) -> dict[str, NoticeState]:
        """Return in which state these notices are; of those that there are not, nothing."""

    def page(self, hook: str, before: int, limit: int) -> list[Notice]:
        """Return notices below a sequence (0: all), the newest first; '' is every hook."""

    def again(self, notice: str, now: Instant) -> bool:
        """Have a notice sent again under its id; return whether there is one."""


class Matches(Protocol):
    """Pairs of people who may be one, and what became of them."""

    def get(self, one: PersonId, two: PersonId) -> Match | None:
        """Return the match of two people, the lower number first."""

    def page(self, state: MatchState | None, skip: int, limit: int) -> list[Match]:
        """Return matches in a state (None: in any), the most probable first."""

    def counts(self) -> dict[str, int]:
        """Return how many matches are in each state."""

    def keep(self, matches: Sequence[Match]) -> None:
        """Keep these durably, in place of all that waited and that nobody has decided about."""

    def decide(
        self, match: Match, state: MatchState, *, at: Instant, author: str, reason: str, by: str
    ) -> bool:
        """Keep durably what somebody decided of a match that waits; return whether it did."""

    def mark_merged(self, matches: Iterable[Match]) -> None:
        """Keep durably that the log has the word on these."""


class Changes(Protocol):
    """Who entered which segment and who left, as it was seen; sequences rise from 1."""

    def keep(self, changes: Sequence[Change]) -> None:
        """Keep changes durably and together; one of a sequence that is there already is known."""

    def last(self) -> int:
        """Return the sequence of the last change, 0 before the first."""

    def after(self, sequence: int, limit: int) -> list[Change]:
        """Return up to `limit` changes above a sequence, in order."""

    def seen_before(self, at: Instant) -> int:
        """Return the sequence of the last change that was seen before an instant, 0 for none."""

    def drop(self, sequences: Sequence[int]) -> None:
        """Forget these changes."""


class Quarantine(Protocol):
    """Where refused records wait; `People.quarantine` puts them in, and nothing takes them out.

    A record is held until it is replayed or discarded; that is final, and kept with its reason.
    """

    def page(
        self,
        after: Position,
        limit: int,
        *,
        state: QuarantineState | None = None,
        code: str = "",
        source: str = "",
    ) -> list[Quarantined]:
        """Return records above a position, in order; '' and None leave a choice open."""

    def one(self, position: Position) -> Quarantined | None:
        """Return the record that was refused at this position."""

    def counts(self) -> list[tuple[QuarantineState, str, int]]:
        """Return (state, code, records), all states counted."""

    def keep_mended(self, mended: Sequence[tuple[Position, bytes, tuple[str, ...]]]) -> int:
        """Keep (position, new bytes, rules) durably where the record is held; return how many."""

    def replay(self, bodies: Sequence[tuple[Position, Body]], now: Instant, why: str) -> list[int]:
        """Append each held record's body to the log and mark it, durably and together.

        Returns the new offsets. What is no longer held is left alone.
        """

    def discard(self, positions: Sequence[Position], now: Instant, why: str) -> int:
        """Mark held records as discarded, durably; return how many."""


class Suppressions(Protocol):
    """Which addresses may not be written to, whoever has them, and all that was said of them."""

    def key(self, address: str) -> bytes:
        """Return the 16 bytes that stand for an address, in whatever case it is written."""

    def say(self, words: Iterable[SuppressionWord]) -> int:
        """Record durably what was not said before; return how many of the words were new."""

    def barred(
        self, keys: Sequence[bytes], purpose: MailPurpose = "email_marketing"
    ) -> dict[bytes, SuppressionReason]:
        """Return why addresses get no mail of this purpose; who may be written to is absent."""

    def standing(
        self, *, after: int = 0, limit: int = 1000, reason: str = ""
    ) -> list[tuple[int, SuppressionWord]]:
        """Return (sequence, word) of what bars addresses now, in order, above a sequence."""

    def said(self, key: bytes) -> list[SuppressionWord]:
        """Return everything that was ever said of an address, in the order in which it came."""

    def counts(self) -> list[tuple[str, str, int]]:
        """Return (purpose, reason, addresses) of what bars now."""

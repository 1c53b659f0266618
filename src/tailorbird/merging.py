"""Who is one and who is two, decided by somebody: merges, separations, and what speaks for them.

Each word goes into the log, so that it counts from its place on, once, whatever is killed.
"""

from __future__ import annotations

from dataclasses import dataclass

from tailorbird import profiles
from tailorbird.errors import UsageError
from tailorbird.profiles.changes import By
from tailorbird.schema import Instant, PersonId
from tailorbird.ties import Flag, Merge, Saying, Separation, latest_between
from tailorbird.world import World

KINDS = ("email", "user_id", "anonymous_id")


@dataclass(frozen=True, slots=True)
class Merging:
    """Merges and separates the people of one data folder."""

    world: World
    now: Instant

    def merge(
        self,
        one: str,
        two: str,
        *,
        reason: str,
        author: str = "",
        by: By = "hand",
        evidence: str = "",
    ) -> tuple[PersonId, PersonId]:
        """Say in the log that two are one; return (survivor, loser). The next ingest does it.

        Raises:
            UsageError: one of them is not known, they are one already, or there is no reason.
        """
        _check_reason(reason)
        first, second = sorted((self.owner(one), self.owner(two)))
        if self._home(first) == self._home(second):
            raise UsageError(f"{one!r} and {two!r} are one person already")
        self.world.log.append(
            [
                profiles.merged_body(
                    first, second, reason=reason, at=self.now, author=author, by=by,
                    evidence=evidence,
                )
            ]
        )  # fmt: skip
        return first, second

    def unmerge(
        self, survivor: str, loser: str, *, reason: str, author: str = ""
    ) -> tuple[PersonId, PersonId]:
        """Say in the log that one are two, as before they were merged; return (survivor, loser).

        The loser may be named by any identifier she brought, or by her number from before.

        Raises:
            UsageError: they are no two people who were merged, or there is no reason.
        """
        _check_reason(reason)
        one, two = self.owner(survivor), self.owner(loser)
        if one == two:
            others = [part for part in self.world.people.ties.parts(one) if part != one]
            named = ", ".join(f"person:{part}" for part in others)
            mend = f"name one who was: {named}" if others else "nobody was merged into her"
            raise UsageError(f"{loser!r} was {survivor!r} before any merge", mend=mend)
        if self._home(one) != self._home(two):
            raise UsageError(f"{survivor!r} and {loser!r} are two people already")
        standing = [merge for merge in self.world.people.ties.merges(one) if not merge.undone]
        tie = latest_between(standing, one, two)
        if not tie.by:
            raise UsageError(
                f"{survivor!r} and {loser!r} were merged before histories could be taken apart"
            )
        self.world.log.append(
            [profiles.separated_body(one, two, reason=reason, at=self.now, author=author)]
        )
        return one, two

    def merges(self, person: str = "") -> list[Merge]:
        """Return every merge, automatic ones and those taken back too; or those of one person."""
        return self.world.people.ties.merges(self.owner(person) if person else None)

    def separations(self) -> list[Separation]:
        """Return the pairs that somebody holds apart."""
        return self.world.people.ties.separations()

    def flagged(self) -> list[Flag]:
        """Return the identifiers that join nobody any more."""
        return self.world.people.ties.flags()

    def sayings(self, person: str) -> list[Saying]:
        """Return what each source says of a person's traits, and whose word counts."""
        return self.world.people.sayings(self._home(self.owner(person)))

    def owner(self, identifier: str) -> PersonId:
        """Return who gave an identifier first, or the person of this number, merged or not.

        Raises:
            UsageError: nobody has it.
        """
        ties = self.world.people.ties
        number = identifier.removeprefix("person:")
        if number == identifier:
            for kind in KINDS:
                found = ties.owner(kind, identifier)
                if found is not None:
                    return found
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        if is_number and self.world.people.survivor(int(number)) is not None:
            return int(number)
        raise UsageError(
            f"nobody is known as {identifier!r}",
            mend="give a person's number, address, user id or anonymous id",
        )

    def _home(self, person: PersonId) -> PersonId:
        return self.world.people.survivor(person) or person


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("there is no reason", mend='say why: --reason "she told us"')

"""Several machines that send from one server: who lives, who tells, what left, who takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tailorbird.errors import StoreError
from tailorbird.ports import Journal
from tailorbird.schema import Reply
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.ledger import PostgresLedger
from tailorbird.stores.statements import load

SQL = load("machines_postgres")
TELLER: Final = "teller"
WORKER: Final = "worker "


class PostgresMachines:
    """`ports.Machines` on a server.

    A worker lives while its session holds the lock of its name; the server lets go of it when the
    session ends. So a machine that has died is seen at once, and one that only stands still, later
    cannot send what somebody else has taken over: every dot asks whose the claim is.
    `seconds` is a clock that only goes forwards; `fresh` makes a name that nobody ever had.
    """

    def __init__(
        self,
        server: Server,
        ledger: PostgresLedger,
        worker: str,
        *,
        tells: bool,
        dead_after_seconds: float,
        seconds: Callable[[], float],
        fresh: Callable[[], str],
    ) -> None:
        self._server = server
        self._ledger = ledger
        self.worker = worker
        self._may_tell = tells
        self._dead_after = dead_after_seconds
        self._seconds = seconds
        self._fresh = fresh
        self._held: dict[str, int] = {}
        self._gone: dict[str, float] = {}
        server.on_connect = self._connected
        self.live()

    def live(self) -> None:
        """Have the others know that this worker lives; to be called again and again."""
        self._hold(WORKER + self.worker)

    def tells(self) -> bool:
        """Return whether this process is the one that tells the log what became of sends."""
        return self._may_tell and self._hold(TELLER)

    def take(self, worker: str) -> tuple[str, Journal] | None:
        """Take what a worker had in hand who has been gone for long enough, None where it lives.

        Returns the name by which its claims are settled, and what is known of them.
        """
        if not self._server.rows(SQL["is_free"], (WORKER + worker,))[0][0]:
            self._gone.pop(worker, None)
            return None
        since = self._gone.setdefault(worker, self._seconds())
        if self._seconds() - since < self._dead_after:
            return None
        del self._gone[worker]
        heir = f"{self._fresh()}-{worker.rpartition('-')[2]}"
        return heir, Left(self._ledger.hand_over(worker, heir))

    def looked(self) -> int:
        """Return the number of the last change of the address book."""
        return int(self._server.rows(SQL["changes"])[0][0])

    def journal(self, own: Journal) -> Journal:
        """Return a worker's journal whose dots the server allows first."""
        return Allowed(own, self._ledger, self)

    def _connected(self, server: Server) -> None:
        """Hold this worker's name again, before it does anything by a new connection."""
        self._take_lock(WORKER + self.worker)

    def _hold(self, name: str) -> bool:
        self._server.awake()
        if self._held.get(name) != self._server.life:
            self._take_lock(name)
        return self._held.get(name) == self._server.life

    def _take_lock(self, name: str) -> None:
        if self._server.rows(SQL["hold"], (name,))[0][0]:
            self._held[name] = self._server.life


class Allowed:
    """`ports.Journal` of this machine; a dot leaves only if the server says whose the claim is."""

    def __init__(self, own: Journal, ledger: PostgresLedger, machines: PostgresMachines) -> None:
        self._own = own
        self._ledger = ledger
        self._machines = machines
        self._answers: list[Reply] = []
        """Those that the server has not been told."""
        self._looked = 0
        """Up to which change of the address book mails in hand are sure to have been looked at."""

    def dot(self, *send_ids: bytes) -> None:
        """Record that the final dots of these sends are about to leave, here and on the server.

        Raises:
            StoreError: another machine has taken them over, or somebody has withdrawn a consent
                since her mail was made; nothing may leave.
        """
        worker = self._machines.worker
        answers, self._answers = self._answers, []
        why = self._ledger.dot(worker, send_ids, answers, self._looked)
        if why == "handed_over":
            raise StoreError(
                "another machine has taken over what this worker had in hand",
                where=worker,
                mend="nothing: this worker claims anew; it had stood still for too long",
            )
        if why:
            raise StoreError(
                "somebody's consents or address changed while her mail was on its way",
                where=worker,
                mend="nothing: it did not leave, and is looked at anew",
            )
        self._own.dot(*send_ids)

    def reply(self, *replies: Reply) -> None:
        """Record what was answered, here at once, on the server with the next dot."""
        self._answers += replies
        self._own.reply(*replies)

    def last(self) -> dict[bytes, Reply | None]:
        """Return each send's last word: its reply, or None when only the dot was recorded."""
        return self._own.last()

    def clear(self) -> None:
        """Forget all, once the ledger knows it."""
        self._answers.clear()
        self._own.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other sender of this process waiting."""
        with self._own.held():
            self._machines.live()
            self._looked = self._machines.looked()
            yield


class Left:
    """`ports.Journal` of a machine that is gone: the server knows its dots, and most answers."""

    def __init__(self, words: dict[bytes, Reply | None]) -> None:
        self._words = words

    def dot(self, *send_ids: bytes) -> None:
        """Record nothing: the dead send nothing."""

    def reply(self, *replies: Reply) -> None:
        """Record nothing."""

    def last(self) -> dict[bytes, Reply | None]:
        """Return the sends whose dots may have left, with what was answered, where it is known."""
        return self._words

    def clear(self) -> None:
        """Forget nothing: it is not kept here."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for nobody."""
        yield

"""Where definitions stand that files are held against: a data folder here, or a running server."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from tailorbird.as_code import DefinitionPlan, Files, Pulled
from tailorbird.cli.arguments import opened
from tailorbird.errors import ConflictError, DefinitionError, TailorbirdError, UsageError
from tailorbird.views.definitions import KeptTogether

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird

T = TypeVar("T")
PATIENCE_SECONDS: Final = 600
_REFUSED: Final[dict[int, type[TailorbirdError]]] = {409: ConflictError, 422: DefinitionError}


class Side(Protocol):
    """What the commands ask, wherever the definitions stand."""

    def plan(self, files: Files, *, prune: bool, people: bool) -> DefinitionPlan:
        """Return what files would change; without `people`, of the texts alone."""

    def apply(self, files: Files, **how: Any) -> KeptTogether:
        """Put files in force together."""

    def pull(self, folder: Path, files: Files, **how: Any) -> list[Pulled]:
        """Write what stands to a folder whose files these are."""


class Here:
    """A data folder that nobody else holds open."""

    def __init__(self, tb: Tailorbird) -> None:
        self._tb = tb

    def plan(self, files: Files, *, prune: bool, people: bool) -> DefinitionPlan:
        """Return what files would change; without `people`, of the texts alone."""
        from tailorbird import as_code

        now = self._tb.clock()
        draft = as_code.draft(self._tb.world, files, now, prune=prune)
        return as_code.with_effects(self._tb.world, draft, now) if people else draft.plan

    def apply(self, files: Files, **how: Any) -> KeptTogether:
        """Put files in force together."""
        from tailorbird import as_code

        now = self._tb.clock()
        kept = as_code.apply(self._tb.world, files, now, **how)
        return as_code.kept_now(self._tb.world, kept, now)

    def pull(self, folder: Path, files: Files, **how: Any) -> list[Pulled]:
        """Write what stands to a folder whose files these are."""
        from tailorbird import as_code

        return as_code.pull(self._tb.world, folder, files, self._tb.clock(), **how)


class _Answered(msgspec.Struct, frozen=True):
    """What a server says that a pull writes."""

    pulled: list[Pulled]
    texts: dict[str, str]


class There:
    """A server, asked by its API; its settings are its own."""

    def __init__(self, url: str, key: str) -> None:
        self._at = urlsplit(url)
        if self._at.scheme not in ("http", "https") or not self._at.hostname:
            raise UsageError(
                f"{url!r} is no server", mend="write such as https://shop.example:8400"
            )
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def plan(self, files: Files, *, prune: bool, people: bool) -> DefinitionPlan:
        """Return what files would change; what cannot be read is told by whoever reads it."""
        body = {"files": _sent(files), "prune": prune, "people": people}
        found = self._asked("plan", body, DefinitionPlan)
        return msgspec.structs.replace(found, faults=(*files.faults, *found.faults))

    def apply(self, files: Files, **how: Any) -> KeptTogether:
        """Put files in force together."""
        from tailorbird import as_code

        as_code.refuse_faults(tuple(files.faults))
        body = {**how, "files": _sent(files), "plan": how["planned"]}
        del body["planned"]
        return self._asked("apply", body, KeptTogether)

    def pull(self, folder: Path, files: Files, **how: Any) -> list[Pulled]:
        """Write what stands there to a folder whose files these are."""
        from tailorbird import as_code

        found = self._asked("pull", {"files": _sent(files), **how}, _Answered)
        if not how.get("dry_run"):
            as_code.write(folder, files, as_code.ToPull(found.pulled, found.texts))
        return found.pulled

    def _asked(self, what: str, body: dict[str, Any], answer: type[T]) -> T:
        status, content = self._posted(what, body)
        if status == 200:
            return msgspec.json.decode(content, type=answer)
        try:
            problem = msgspec.json.decode(content)
            told = str(problem.get("message") or problem.get("detail") or problem)
        except (msgspec.DecodeError, AttributeError):
            told = f"it answered {status}"
        raise _REFUSED.get(status, UsageError)(told)

    def _posted(self, what: str, body: dict[str, Any]) -> tuple[int, bytes]:
        host, port = self._at.hostname or "", self._at.port
        safe = self._at.scheme == "https"
        kind = http.client.HTTPSConnection if safe else http.client.HTTPConnection
        connection = kind(host, port, timeout=PATIENCE_SECONDS)
        path = f"{self._at.path.rstrip('/')}/api/v1/definitions/{what}"
        try:
            connection.request("POST", path, msgspec.json.encode(body), self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            mend = "look whether `tailorbird serve` runs there"
            raise UsageError(f"no answer: {error}", where=self._at.geturl(), mend=mend) from None
        finally:
            connection.close()


def _sent(files: Files) -> dict[str, str]:
    from tailorbird.as_code.places import SETTINGS

    return {path: text for path, text in files.texts.items() if path != SETTINGS}


@contextmanager
def side(folder: Path, server: str, key: str) -> Iterator[Side]:
    """Open what files are held against: a server where one is named, else a data folder."""
    if server:
        yield There(server, key)
        return
    with opened(folder) as tb:
        yield Here(tb)

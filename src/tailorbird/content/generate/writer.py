"""Lines of Python under construction, each with the place in the template that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tailorbird.content.tree import Place


class Writer:
    """Collects lines. Output that follows output is joined into one call."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: list[Place | None] = []
        self._indent = 0
        self._names = 0
        self._waiting: list[tuple[str, Place | None]] = []
        self._sink = "put"
        self._known: list[dict[str, str]] = [{}]

    def fresh(self, prefix: str = "t") -> str:
        """Return a name that is not in use."""
        self._names += 1
        return f"{prefix}{self._names}"

    def shared(self, code: str) -> str:
        """Return Python for a value that always is the same: worked out once, then only named."""
        for known in reversed(self._known):
            if code in known:
                return known[code]
        name = self._known[-1][code] = self.fresh("s")
        return f"({name} := {code})"

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Share nothing of what is written inside with what follows: it may not be run."""
        self._known.append({})
        yield
        self._known.pop()

    def line(self, code: str, place: Place | None = None) -> None:
        """Write one line, after all output that waits."""
        self.flush()
        self._write(code, place)

    def put(self, code: str, place: Place | None = None) -> None:
        """Write an expression that is part of the output; its value must be a str."""
        self._waiting.append((code, place))

    def flush(self) -> None:
        """Write the output that waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if len(waiting) == 1:
            code, place = waiting[0]
            self._write(f"{self._sink}(({code},))", place)
            return
        self._write(f"{self._sink}((", None)
        for code, place in waiting:
            self._write(f"{code},", place)
        self._write("))", None)

    def _write(self, code: str, place: Place | None) -> None:
        self.lines.append(" " * self._indent + code)
        self.places.append(place)

    @contextmanager
    def block(self, opening: str, place: Place | None = None) -> Iterator[None]:
        """Write an opening line and indent what is written inside; never leaves it empty."""
        self.line(opening, place)
        self._indent += 1
        before = len(self.lines)
        with self.aside():
            yield
            self.flush()
        if len(self.lines) == before:
            self._write("pass", None)
        self._indent -= 1

    @contextmanager
    def sink(self, name: str) -> Iterator[None]:
        """Send the output that is written inside to another list's `extend`."""
        self.flush()
        outer, self._sink = self._sink, name
        yield
        self.flush()
        self._sink = outer

"""Where in HTML a template stands: a small state machine over its literal text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Mode = Literal["text", "tag", "value", "bare", "comment", "declaration", "raw"]

_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s\"'<>/=]+)(?:\s*=\s*([\"']?))?")
_GAP = re.compile(r"[\s/]*>?")
_BARE_END = re.compile(r"[\s>]")
_RAW = frozenset({"style", "script", "title", "textarea"})


@dataclass(frozen=True, slots=True)
class State:
    """A place in HTML.

    `tag` is the lower-case name of the innermost open mark (`/p` for a closing one) in the modes
    `tag`, `value`, `bare` and `raw`. `first`: nothing of the attribute's value was seen yet.
    """

    mode: Mode = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    first: bool = False


START = State()


def steps(text: str, state: State) -> Iterator[tuple[State, str, State]]:
    """Yield (state, piece of the text in that state, state behind it); the pieces make the text.

    A mark such as `<p class="` is part of the piece in whose state it begins.
    """
    return iter(_steps(text, state))


@lru_cache(maxsize=1024)  # a template's texts are walked through by several passes, one by one
def _steps(text: str, state: State) -> tuple[tuple[State, str, State], ...]:
    done: list[tuple[State, str, State]] = []
    at = 0
    while at < len(text):
        after, end = _STEPS[state.mode](text, at, state)
        done.append((state, text[at:end], after))
        at, state = end, after
    return tuple(done)


def after(text: str, state: State) -> State:
    """Return the state behind a text."""
    for _, _, behind in steps(text, state):
        state = behind
    return state


def seen(state: State) -> State:
    """Return the state behind something that was printed."""
    return replace(state, first=False) if state.first else state


def _text(text: str, at: int, state: State) -> tuple[State, int]:
    start = text.find("<", at)
    if start < 0:
        return state, len(text)
    if text.startswith("<!--", start):
        return State("comment"), start + 4
    if text[start + 1 : start + 2] in ("!", "?"):
        return State("declaration"), start + 2
    closing = text.startswith("</", start)
    name = _NAME.match(text, start + 1 + closing)
    if name is None:
        return state, start + 1
    return State("tag", ("/" if closing else "") + name[0].lower()), name.end()


def _until(mark: str, text: str, at: int, state: State) -> tuple[State, int]:
    end = text.find(mark, at)
    return (state, len(text)) if end < 0 else (START, end + len(mark))


def _tag(text: str, at: int, state: State) -> tuple[State, int]:
    attribute = _ATTRIBUTE.match(text, at)
    if attribute is None:
        gap = _GAP.match(text, at)
        end = max(at + 1, gap.end() if gap else at + 1)
        if not text[at:end].endswith(">"):
            return state, end
        return (State("raw", state.tag) if state.tag in _RAW else START), end
    name = attribute[1].lower()
    if attribute[2] is None:
        return state, attribute.end()
    mode: Mode = "value" if attribute[2] else "bare"
    return State(mode, state.tag, name, attribute[2], first=True), attribute.end()


def _value(text: str, at: int, state: State) -> tuple[State, int]:
    end = text.find(state.quote, at)
    if end < 0:
        return seen(state), len(text)
    return State("tag", state.tag), end + 1


def _bare(text: str, at: int, state: State) -> tuple[State, int]:
    end = _BARE_END.search(text, at)
    if end is None:
        return seen(state), len(text)
    return State("tag", state.tag), end.start() if end.start() > at else at


def _raw(text: str, at: int, state: State) -> tuple[State, int]:
    end = re.compile(rf"</{state.tag}(?=[\s/>])", re.I).search(text, at)
    return (state, len(text)) if end is None else (State("tag", f"/{state.tag}"), end.end())


_STEPS = {
    "text": _text,
    "tag": _tag,
    "value": _value,
    "bare": _bare,
    "comment": lambda text, at, state: _until("-->", text, at, state),
    "declaration": lambda text, at, state: _until(">", text, at, state),
    "raw": _raw,
}

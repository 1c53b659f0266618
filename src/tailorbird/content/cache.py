"""Compiled templates by what they were compiled from, the latest kept."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping

from tailorbird.content.template import Syntax, Template, compile  # noqa: A004 - the trade's word


class TemplateCache:
    """Compiles a template once, as long as it is among the latest `most` that were asked for.

    `most_characters` bounds their sources together. What a template printed is never kept here.
    """

    def __init__(self, most: int = 10_000, most_characters: int = 50_000_000) -> None:
        self._most = most
        self._most_characters = most_characters
        self._kept: OrderedDict[bytes, tuple[Template, int]] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many templates are kept."""
        return len(self._kept)

    def compile(
        self,
        source: str,
        *,
        syntax: Syntax = "liquid",
        name: str = "template",
        blocks: Mapping[str, str] | None = None,
        escape: bool = False,
    ) -> Template:
        """Return the compiled template, as `tailorbird.content.compile`; raises as that."""
        texts = [source, syntax, name, str(escape)]
        texts += [part for pair in sorted((blocks or {}).items()) for part in pair]
        key = _digest(texts)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[0]
        made = compile(source, syntax=syntax, name=name, blocks=blocks, escape=escape)
        with self._lock:
            self._keep(key, made, sum(map(len, texts)))
        return made

    def _keep(self, key: bytes, made: Template, size: int) -> None:
        if key not in self._kept:
            self._characters += size
        self._kept[key] = (made, size)
        while len(self._kept) > self._most or (
            self._characters > self._most_characters and len(self._kept) > 1
        ):
            _, (_, gone) = self._kept.popitem(last=False)
            self._characters -= gone


def _digest(texts: list[str]) -> bytes:
    """Return what stands for these texts, in this order and no other."""
    digest = hashlib.sha256()
    for text in texts:
        written = text.encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8) + written)
    return digest.digest()

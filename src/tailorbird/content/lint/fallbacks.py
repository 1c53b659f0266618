"""Values of a person that are printed without a word for who has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tailorbird.content.findings import Finding, warning
from tailorbird.content.lint.document import dotted
from tailorbird.content.tree import Body, Expression, Filtered, Output
from tailorbird.content.variables import uses
from tailorbird.content.walk import nodes

_PERSONAL: Final = ("person.", "traits.")


def missing(body: Body, stood_in: Collection[str] = ()) -> Iterator[Finding]:
    """Yield a finding for each value of a person that may print nothing.

    Of the paths that are `stood_in`, nothing is said.
    """
    bare = {use.path for use in uses(body) if not use.safe and use.path.startswith(_PERSONAL)}
    told = set(stood_in)
    for node in nodes(body):
        if not isinstance(node, Output):
            continue
        path = _printed(node.value)
        if path in bare and path not in told:
            told.add(path)
            yield warning(
                "fallback", node.place, f"{path} is missing for some people",
                f"write {{{{ {path} | default: '...' }}}}, or test it around the sentence",
            )  # fmt: skip


def _printed(value: Expression) -> str:
    """Return the path that is printed without a `default`, '' for anything else."""
    while isinstance(value, Filtered):
        if value.name == "default":
            return ""
        value = value.value
    return dotted(value)

"""What the code generated from a Handlebars template calls while it renders: partials, loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tailorbird.content.handlebars.values import key_text
from tailorbird.content.scope import DEEPEST, Scope, unknown_block
from tailorbird.errors import TemplateError

Frame: TypeAlias = "tuple[object, object, object, object, Frame | None]"
"""`@index`, `@key`, `@first` and `@last` of a loop, and the frame around it."""
Unit: TypeAlias = Callable[..., None]
"""A partial: it is given the output, the scope, its context, its frame, its block, its inlines."""
TOP: Final[Frame] = (None, None, None, None, None)
_FIELDS = {"index": 0, "key": 1, "first": 2, "last": 3}


def copied(frame: Frame | None) -> Frame:
    """Return the frame of a partial that has a block: the same values, one level deeper."""
    found = frame or TOP
    return (*found[:4], found)


def framed(frame: Frame | None, up: int, name: str) -> object:
    """Return a private value of a frame, or of one around it."""
    while frame is not None and up:
        frame, up = frame[4], up - 1
    return frame[_FIELDS[name]] if frame is not None else None


def reaches(frame: Frame | None, up: int) -> bool:
    """Return whether there are so many frames around one."""
    while frame is not None and up:
        frame, up = frame[4], up - 1
    return frame is not None


def call(unit: Unit, out: list[str], scope: Scope, *given: object) -> None:
    """Run a partial, within the budgets.

    Raises:
        TemplateError: partials call each other too deeply or too often.
    """
    scope.charge(1)
    scope.budget.depth += 1
    if scope.budget.depth > DEEPEST:
        raise TemplateError(
            f"partials call each other more than {DEEPEST} deep",
            mend="look for a partial that calls itself",
        )
    unit(out, scope, *given)
    scope.budget.depth -= 1


def partial(
    name: object,
    inlines: Mapping[str, Unit] | None,
    units: Mapping[str, Unit],
    fallback: Unit | None,
) -> Unit:
    """Return the partial of a name: one defined inside the template, else a block.

    Raises:
        TemplateError: there is none.
    """
    written = key_text(name)
    found = (inlines or {}).get(written) or units.get(written) or fallback
    if found is None:
        raise unknown_block(written, {**units, **(inlines or {})})
    return found


def given_block(block: Unit | None, fallback: Unit | None) -> Unit:
    """Return the block that a partial was given.

    Raises:
        TemplateError: it was given none.
    """
    found = block or fallback
    if found is None:
        raise TemplateError(
            "this partial was called without a block", mend="call it as {{#> name}}...{{/name}}"
        )
    return found


def sections(value: object, around: object) -> list[object] | range:
    """Return the contexts that a plain block runs over."""
    if isinstance(value, list | range):
        return value
    if value is True:
        return [around]
    return [] if value is None or value is False else [value]

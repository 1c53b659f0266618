"""What stands in where a value is missing: a segment's default, a general one, or nothing at all.

person.first_name:
  segments: {premium: dear member}      # the first segment that holds the person counts
  default: there                        # or by locale: {de: du, en: there}
  else: skip                            # the person gets no mail; `hide`: the block is not shown
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tailorbird.content.locales import is_locale
from tailorbird.errors import DefinitionError
from tailorbird.schema import Scalar
from tailorbird.yaml_text import Document, Path, nearest

End: TypeAlias = Literal["", "hide", "skip"]
"""What happens where nothing stands in: the template copes, the block hides, there is no mail."""
Taken: TypeAlias = Literal["value", "segment", "default", "hide", "skip", "none"]
"""Which link of a chain a person got."""
ROOTS: Final = ("person", "traits")
"""Where the path of a chain may begin."""
Default: TypeAlias = Scalar | dict[str, Scalar]
"""A value, or one for each locale."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a value is looked for, in order: the value, her segment's, everybody's, then `end`."""

    path: str
    segments: Mapping[str, Default] = field(default_factory=dict)
    default: Default = None
    end: End = ""

    def stand_in(self, members: Mapping[str, bool], locales: Sequence[str]) -> tuple[Scalar, Taken]:
        """Return what stands in for a value that is missing, and which link of the chain it is.

        `members` says of each segment of the chain whether it holds the person.
        """
        for name, default in self.segments.items():
            if members.get(name):
                return _by_locale(default, locales), "segment"
        if self.default is not None:
            return _by_locale(self.default, locales), "default"
        return None, self.end or "none"


def read_chains(document: Document, value: Any, path: Path, *, hides: bool) -> tuple[Chain, ...]:
    """Return the chains of a mapping from paths; only where a block can hide may one end so.

    Raises:
        DefinitionError: with the line and the mend.
    """
    if not isinstance(value, Mapping):
        raise _refused(document, "a mapping is needed", path, "write `person.first_name: {...}`")
    return tuple(_chain(document, name, each, (*path, name), hides) for name, each in value.items())


def missing(value: object) -> bool:
    """Return whether a value is one that nobody should see printed: nothing, or blanks.

    >>> missing(None), missing("  "), missing(0)
    (True, True, False)
    """
    return value is None or (isinstance(value, str) and not value.strip())


def found_at(values: Mapping[str, Any], path: str) -> object:
    """Return the value at a dotted path, None where there is none."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def put_at(values: dict[str, Any], path: str, value: Scalar) -> None:
    """Put a value at a dotted path; the mappings on the way are copied, not changed."""
    *steps, last = path.split(".")
    for name in steps:
        inner = values.get(name)
        values[name] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[name]
    values[last] = value


def _chain(document: Document, name: Any, value: Any, path: Path, hides: bool) -> Chain:
    root, _, rest = str(name).partition(".")
    if root not in ROOTS or not rest:
        mend = f"write {' or '.join(f'`{each}.NAME`' for each in ROOTS)}"
        raise _refused(document, f"{name!r} is no path of a value", path, mend)
    if not isinstance(value, Mapping):
        value = {"default": value}
    keys = ("segments", "default", "else")
    for key in value:
        if key not in keys:
            mend = nearest(str(key), list(keys))
            raise _refused(document, f"unknown key {key!r}", (*path, key), mend)
    segments = value.get("segments", {})
    if not isinstance(segments, Mapping):
        mend = "write `{premium: dear member}`"
        raise _refused(document, "no defaults by segment", (*path, "segments"), mend)
    for segment, default in segments.items():
        _check_default(document, default, (*path, "segments", segment))
    if "default" in value:
        _check_default(document, value["default"], (*path, "default"))
    end = value.get("else", "")
    _check_end(document, end, value, path, hides)
    return Chain(str(name), dict(segments), value.get("default"), end)


def _check_end(document: Document, end: Any, value: Any, path: Path, hides: bool) -> None:
    ends: tuple[str, ...] = ("hide", "skip") if hides else ("skip",)
    if end and end not in ends:
        mend = f"write {' or '.join(ends)}"
        what = f"a chain cannot end in {end!r} here"
        if end == "hide":
            mend = "only a slot can hide: put the chain under `values:` of one"
        raise _refused(document, what, (*path, "else"), mend)
    if end and "default" in value:
        what = f"{end!r} is never reached: there is a default for everybody"
        raise _refused(document, what, (*path, "else"), "take one of them out")
    if not value:
        raise _refused(document, "the chain is empty", path, "add `default:` or `else: skip`")


def _check_default(document: Document, value: Any, path: Path) -> None:
    if isinstance(value, Mapping):
        for locale, each in value.items():
            if not is_locale(str(locale)):
                raise _refused(document, f"{locale!r} is no locale", path, "write `de` or `de-AT`")
            _check_default(document, each, (*path, locale))
    elif not isinstance(value, str | int | float | bool) or missing(value):
        raise _refused(document, "a default is text or a number", path, "write `default: there`")


def _by_locale(default: Default, locales: Sequence[str]) -> Scalar:
    if not isinstance(default, Mapping):
        return default
    found = next((default[each] for each in locales if each in default), None)
    return next(iter(default.values())) if found is None else found


def _refused(document: Document, what: str, path: Path, mend: str) -> DefinitionError:
    return DefinitionError(what, where=document.where(path), mend=mend)

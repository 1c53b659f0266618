"""What does not fit a type is told by its place, what stands there, and what to write instead."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from tailorbird.misfits import Misfit, dotted, misfit


class Circle(msgspec.Struct, tag="circle"):
    radius: float


class Square(msgspec.Struct, tag="square"):
    side: float


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=730)] | None = None
    share: Annotated[float, Meta(gt=0)] = 0.5
    word: Annotated[str, Meta(pattern="^a+$")] = "a"
    mode: Literal["auto", "linear"] = "auto"
    shares: dict[str, Annotated[float, Meta(ge=0, le=1)]] = {}
    names: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)] = ("a",)
    on: bool = False
    shape: Circle | Square | None = None
    parts: list[Part] = []


class Part(msgspec.Struct, forbid_unknown_fields=True):
    weight: Annotated[int, Meta(ge=0)]


def _refused(value: Any, *, shown: bool = True) -> Misfit:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Wanted)
    return misfit(caught.value, value, Wanted, shown=shown)


@pytest.mark.parametrize(
    ("value", "place", "what", "mend"),
    [
        ({"days": 0}, "days", "is 0, but it must be at least 1", "a whole number from 1 to 730"),
        ({"days": 900}, "days", "is 900, but it must be at most 730", "from 1 to 730"),
        ({"days": "x"}, "days", "is 'x', but it must be a whole number", "from 1 to 730"),
        ({"share": 0}, "share", "is 0, but it must be above 0", "write a number, above 0"),
        ({"word": "b"}, "word", "must match '^a+$'", "write text, matching ^a+$"),
        ({"word": 3}, "word", "is 3, but it must be text", "put it in quotes"),
        ({"mode": "liner"}, "mode", "is 'liner', which is not known", "did you mean 'linear'?"),
        ({"mode": "?"}, "mode", "is '?', which is not known", "known: auto, linear"),
        ({"shares": {"a": 0.5, "b": 2}}, "shares.b", "must be at most 1", "from 0 to 1"),
        ({"shares": {3: 0.5}}, "shares", "a key of 'shares' is no text", "put it in quotes"),
        ({"names": []}, "names", "an empty list, but it must have at least 1 entry", "a list"),
        ({"names": ["a"] * 3}, "names", "must have at most 2 entries", "a list such as"),
        ({"names": "a"}, "names", "is 'a', but it must be a list", "a list such as"),
        ({"names": [True]}, "names[0]", "is true, but it must be text", "put it in quotes"),
        ({"on": "yes"}, "on", "must be true or false", "write true or false"),
        ({"shape": {"type": "circl"}}, "shape.type", "not known", "did you mean 'circle'?"),
        ({"shape": {"type": 3}}, "shape.type", "must be text", "known: circle, square"),
        ({"shape": {}}, "shape", "missing required field 'type'", "one of circle, square"),
        ({"shape": {"type": "circle"}}, "shape", "field 'radius' in 'shape'", "and a number"),
        ({"parts": [{"weight": 1}, {}]}, "parts[1]", "field 'weight'", "a whole number"),
        ({"parts": [{"wight": 1}]}, "parts[0].wight", "unknown field", "did you mean 'weight'?"),
        ({"parts": [1]}, "parts[0]", "is 1, but it must be a mapping", "`key: value`"),
        ([], "", "it is an empty list, but it must be a mapping", "write a mapping"),
    ],
)
def test_what_does_not_fit_has_a_place_and_a_mend(
    value: Any, place: str, what: str, mend: str
) -> None:
    found = _refused(value)
    assert dotted(found.path) == place
    assert what in found.what
    assert mend in found.mend
    assert "`$" not in found.what


@pytest.mark.parametrize(
    "value", [{"days": "hush"}, {"mode": "hush"}, {"word": "hush"}, {"shape": {"type": "hush"}}]
)
def test_a_secret_is_refused_without_being_told(value: dict[str, Any]) -> None:
    assert "hush" in str(_refused(value))
    assert "hush" not in str(_refused(value, shown=False))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(Wanted.__struct_fields__), _VALUES, max_size=3))
def test_whatever_is_written_is_refused_in_words(value: dict[str, Any]) -> None:
    try:
        msgspec.convert(value, Wanted)
    except msgspec.ValidationError as error:
        found = misfit(error, value, Wanted)
        assert found.what
        assert found.mend
        assert "Expected" not in found.what or "Expected" in str(value)

"""A key of a journey is set in its own text; nothing else of it changes."""

from __future__ import annotations

import pytest

from tailorbird.errors import DefinitionError
from tailorbird.journeys.edit_text import with_key

TEXT = "# ours\nname: cart  # of all shops\nmode: live\nsteps:\n  - exit: x\n"


def test_a_key_that_is_there_gets_another_value() -> None:
    assert with_key(TEXT, "mode", "paused") == TEXT.replace("live", "paused")


def test_a_new_key_stands_below_the_name_or_where_it_moves_no_line() -> None:
    below = TEXT.replace("mode: live", "holdout: 0\nmode: live")
    assert with_key(TEXT, "holdout", "0") == below
    assert with_key(TEXT, "holdout", "0", at_end=True) == f"{TEXT}holdout: 0\n"


def test_a_text_in_one_line_is_left_to_its_author() -> None:
    with pytest.raises(DefinitionError, match="write `mode: live` into it"):
        with_key('{"name": "cart", "steps": []}', "mode", "live")

"""What a marketer may write by mistake is refused in words that say what to write instead."""

from __future__ import annotations

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.segments import Vocabulary, did

HERE = Vocabulary(events=frozenset({"quiz_taken"}), segments=frozenset({"vip"}))
SLIPS = [
    ("did: purchase\nwithin: 30", 4, "no length of time", "`30d` for days"),
    ("did: purchase\nwithin: 30 days", 4, "no length of time", "`30d`"),
    ("did: purchase\ntimes: {at_least: 1, at_most: 3}", 4, "one comparison, not 2", "in `all`"),
    ("trait: tier\nequals: gold", 4, "unknown key 'equals'", "write 'is'"),
    ("trait: orders\nabove: 3", 4, "unknown key 'above'", "write 'more_than'"),
    ("trait: tier\nis: [gold]", 4, "cannot be compared", "`in:` before a list"),
    ("trait: tier\nis:", 4, "nothing stands here", "missing: true"),
    ("and: [{did: purchase}]", 3, "no condition starts with 'and'", "`all:`"),
    ("event: purchase", 3, "no condition starts with 'event'", "`did:`"),
    ("is: gold", 3, "no condition starts with 'is'", "say of what"),
    ("- did: purchase", 2, "must be a mapping", "above the list"),
    ("did: bought", 3, "unknown event 'bought'", "nothing here says it yet"),
    ("did: " + "x" * 3000, 3, "unknown event", "known:"),
    ("trait: first_order_at\nless_than: 2026-13-01", 4, "'2026-13-01' is no date", "correct it"),
    ("trait: orders\nis: " + "9" * 5000, 4, "is no date and no number", "correct it"),
    ("? {a: b}\n: c", 3, "a key must be one word", "`key: value`"),
    ('trait: shoe_size\nis: "\\0"', 4, r"'\x00' is a character", "leave it out"),
    ('did: purchase\nwhere: {size: "\\ud800"}', 4, r"'\ud800' is a character", "leave it out"),
    ("did: !!python/object:os.system x", 3, "not valid YAML", "quote"),
    ('segment: "vip\'; DROP TABLE people --"', 3, "no segment", "vip"),
]


@pytest.mark.parametrize(("where", "line", "says", "mend"), SLIPS)
def test_each_mistake_is_told_with_what_to_write(
    where: str, line: int, says: str, mend: str
) -> None:
    inner = "\n".join(f"  {each}" for each in where.splitlines())
    with pytest.raises(DefinitionError) as refused:
        segments.parse(f"name: s\nwhere:\n{inner}\n", "s.yaml", vocabulary=HERE)
    error = refused.value
    assert (error.where.rpartition(":")[0], says in error.what, mend in error.mend) == (
        f"s.yaml:{line}", True, True,
    ), error  # fmt: skip
    assert len(str(error)) < 1000


def test_no_view_takes_characters_that_no_store_keeps() -> None:
    with pytest.raises(DefinitionError, match="no text has"):
        did("purchase").where(size="\0")
    with pytest.raises(DefinitionError, match="no text has"):
        segments.from_json('{"name": "s", "where": {"did": "\\u0000"}}')

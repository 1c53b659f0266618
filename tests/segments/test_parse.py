"""Segments as authors write them: every form is read and written back; every slip has its line."""

from __future__ import annotations

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR
from tailorbird.segments import Vocabulary
from tailorbird.segments.conditions import (
    All,
    Any,
    Comparison,
    Did,
    DidNot,
    Filter,
    InSegment,
    Measured,
    Not,
    Segment,
    Then,
    TraitIs,
)

EVERYTHING = """\
name: everything
description: All that a definition can say
where:
  all:
    - did: purchase
      where: {category: [garden, kitchen], value_minor: {at_least: 100, at_most: 900}, colour: red}
      times: {at_least: 2}
      within: 30d
      older_than: 90m
    - did: purchase
      sum: {of: value_minor, more_than: 5000}
    - did_not: return
      where: {rating: {less_than: 2.5}}
      within: 26w
    - any:
        - did: add_to_cart
          then_not: purchase
          then_where: {machine: false}
          within: 24h
          since: 2d
        - did: product_viewed
          then: purchase
    - not: {segment: staff}
    - trait: tier
      in: [gold, silver]
    - trait: first_order_at
      less_than: 2026-01-31
    - {trait: engagement, at_least: 0.5}
    - {trait: loyalty, missing: true}
    - {trait: shoe_size, is_not: 43.5}
    - {trait: country, not_in: [DE, "NO"]}
"""


def test_every_form_becomes_the_tree_that_it_says() -> None:
    assert segments.parse(EVERYTHING, "everything.yaml", version=3) == Segment(
        "everything",
        All((
            Did(
                "purchase",
                where=(
                    Filter("category", Comparison("in", ("garden", "kitchen"))),
                    Filter("value_minor", Comparison(">=", (100,))),
                    Filter("value_minor", Comparison("<=", (900,))),
                    Filter("colour", Comparison("=", ("red",))),
                ),
                times=Comparison(">=", (2,)),
                within=30 * DAY,
                older_than=90 * HOUR // 60,
            ),
            Did("purchase", measured=Measured("sum", "value_minor", Comparison(">", (5000,)))),
            DidNot("return", (Filter("rating", Comparison("<", (2.5,))),), 182 * DAY),
            Any((
                Then(
                    "add_to_cart", "purchase", absent=True,
                    then_where=(Filter("machine", Comparison("=", (False,))),),
                    within=DAY, since=2 * DAY,
                ),
                Then("product_viewed", "purchase"),
            )),
            Not(InSegment("staff")),
            TraitIs("tier", Comparison("in", ("gold", "silver"))),
            TraitIs("first_order_at", Comparison("<", ("2026-01-31",))),
            TraitIs("engagement", Comparison(">=", (0.5,))),
            TraitIs("loyalty", Comparison("missing")),
            TraitIs("shoe_size", Comparison("!=", (43.5,))),
            TraitIs("country", Comparison("not in", ("DE", "NO"))),
        )),
        "All that a definition can say",
        3,
    )  # fmt: skip


def test_what_is_written_back_reads_the_same() -> None:
    segment = segments.parse(EVERYTHING, "everything.yaml")
    assert segments.parse(segments.write(segment), "again.yaml") == segment


@pytest.mark.parametrize(
    ("where", "line", "says", "mend"),
    [
        ("did: purchse", 3, "unknown event 'purchse'", "'purchase'"),
        ("did: identify", 3, "leaves no fact", "trait"),
        ("did: purchase\n  withn: 3d", 4, "unknown key 'withn'", "'within'"),
        ("did: purchase\n  within: soon", 4, "no length of time", "90d"),
        ("did: purchase\n  within: 0d", 4, "no length of time", "90d"),
        ("did: purchase\n  within: 999999w", 4, "too long", "100 years"),
        ("did: purchase\n  within: 2d\n  older_than: 2d", 5, "nothing is older", "longer"),
        ("did: purchase\n  times: 1\n  sum: {of: quantity, is: 1}", 5, "both", "all"),
        ("did: purchase\n  times: {at_least: -1}", 4, "less than 0 times", "count"),
        ("did: purchase\n  times: {at_least: 1.5}", 4, "whole number", "whole number"),
        ("did: purchase\n  times: {'>=': 1}", 4, "unknown key '>='", "'at_least'"),
        ("did: purchase\n  sum: {at_least: 1}", 4, "what to add up", "value_minor"),
        ("did: purchase\n  where: {value_minor: lots}", 4, "whole number", "1250"),
        ("did: purchase\n  where: {category: {missing: true}}", 4, "cannot be", "did_not"),
        ("did: purchase\n  where: {size: [1, big]}", 4, "text and numbers", "quote"),
        ("did: purchase\n  where: {size: {more_than: big}}", 4, "cannot be compared", "contains"),
        ("did: purchase\n  where: {}", 4, "takes properties", "category"),
        ("did: purchase\n  then: return\n  then_not: return", 5, "both", "one"),
        ("did: a\n  then_not: b\n  within: 2d\n  since: 2d", 6, "ends before", "longer"),
        ("trait: teir\n  is: gold", 3, "unknown trait 'teir'", "'tier'"),
        ("trait: email\n  is: a@b.example", 3, "personal field", "not personal"),
        ("trait: tier", 3, "compared with nothing", "is: gold"),
        ("trait: tier\n  is: gold\n  in: [gold]", 5, "one comparison, not 2", "in `all`"),
        ("trait: tier\n  at_least: gold", 4, "cannot be compared by 'at_least'", "`is`"),
        ("trait: orders\n  is: many", 4, "whole number", "whole number"),
        ("trait: orders\n  is: true", 4, "whole number", "whole number"),
        ("trait: country\n  is: NO", 4, "text, but false", "bare yes"),
        ("trait: first_order_at\n  more_than: yesterday", 4, "no instant", "2026-01-31"),
        ("trait: engagement\n  more_than: .nan", 4, "no finite number", "six decimals"),
        ("trait: engagement\n  more_than: 0.12345678", 4, "six decimals", "round"),
        ("trait: recency_days\n  more_than: 1e9", 4, "whole number of days", "days"),
        ("trait: recency_days\n  more_than: 99999999", 4, "out of range", "36525"),
        ("trait: tier\n  in: []", 4, "a list is needed", "gold"),
        ("trait: tier\n  missing: 1", 4, "true or false", "missing: true"),
        ("trait: tier\n  is: {a: b}", 4, "cannot be compared with", "number"),
        ("all: []", 3, "'all' is empty", "add a condition"),
        ("any: {did: purchase}", 3, "takes a list", "`-`"),
        ("all: [{did: purchase}]\n  any: [{did: return}]", 4, "one condition", "`all`"),
        ("is: gold", 3, "no condition starts with 'is'", "`trait: tier`"),
        ("[1]", 2, "must be a mapping", "`did:`"),
        ("segment: 5", 3, "name is text", "quotes"),
    ],
)
def test_each_slip_is_told_with_its_line_and_its_mend(
    where: str, line: int, says: str, mend: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        segments.parse(f"name: s\nwhere:\n  {where}\n", "s.yaml")
    error = refused.value
    assert (error.where.rpartition(":")[0], says in error.what, mend in error.mend) == (
        f"s.yaml:{line}", True, True,
    ), error  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: s\n", "nothing says who is in"),
        ("where: {did: purchase}\n", "needs a name"),
        ("name: s\ndescription: 5\nwhere: {did: purchase}\n", "not text"),
        ("name: s\nwhen: {did: purchase}\n", "unknown key 'when'"),
        ("- 5\n", "a mapping is needed"),
        ("", "empty"),
        ("name: s\nwhere: " + "{not: " * 3000 + "{did: purchase}" + "}" * 3000, "too deeply"),
        ("name: s\nwhere: " + "{not: " * 30 + "{did: purchase}" + "}" * 30, "too deeply"),
        ("name: s\nwhere: {all: [" + "{did: purchase}, " * 101 + "]}", "too many"),
    ],
)
def test_what_is_no_segment_is_refused(text: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        segments.parse(text, "s.yaml")


def test_names_that_are_not_in_use_here_are_refused_where_the_vocabulary_is_known() -> None:
    here = Vocabulary(frozenset({"quiz_taken"}), frozenset({"shoe_size"}), frozenset({"staff"}))

    def read(where: str) -> Segment:
        return segments.parse(f"name: s\nwhere: {where}\n", "s.yaml", vocabulary=here)

    assert read("{did: quiz_taken}").condition == Did("quiz_taken")
    assert read("{segment: staff}").condition == InSegment("staff")
    for where, nearest in (
        ("{did: quizz}", "quiz_taken"),
        ("{trait: show_size, is: 43}", "shoe_size"),
        ("{segment: stuff}", "staff"),
    ):
        with pytest.raises(DefinitionError, match=f"did you mean '{nearest}'"):
            read(where)


def test_without_a_vocabulary_other_events_and_declared_traits_may_still_come() -> None:
    text = "name: s\nwhere: {all: [{did: quiz_taken}, {trait: shoe_size, is: 43}]}\n"
    assert isinstance(segments.parse(text, "s.yaml").condition, All)


def test_every_shipped_segment_is_named_like_its_file_and_reads() -> None:
    shipped = segments.library()
    assert {"active-customers", "gold", "cart-abandoners", "lapsed-90-days"} <= shipped.keys()
    for name, text in shipped.items():
        segment = segments.parse(text, f"{name}.yaml")
        assert segment.name == name
        assert segment.description

"""A rule is refused exactly when no person reaches it: judged against everybody there can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.content.rules import Slot, parse_slot
from tailorbird.content.rules_choose import Circumstances, choose
from tailorbird.content.rules_reach import Asks, Formula, Question, check_reach
from tailorbird.errors import DefinitionError

ORDERS = (None, 0, 1, 2, 3, 4, 5)
TIERS = (None, "gold", "silver", "bronze")
TRUTHS = (True, False)
NOON = datetime.fromisoformat("2026-03-04T12:00")

numbers = st.integers(1, 4)
leaves = st.one_of(
    st.builds(lambda n: {"trait": "orders", "at_least": n}, numbers),
    st.builds(lambda n: {"trait": "orders", "less_than": n}, numbers),
    st.builds(lambda n: {"trait": "orders", "is": n}, numbers),
    st.builds(lambda t: {"trait": "tier", "is": t}, st.sampled_from(("gold", "silver"))),
    st.just({"trait": "tier", "missing": True}),
    st.builds(lambda name: {"segment": name}, st.sampled_from(("a", "b"))),
    st.just({"known": "traits.tier"}),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=4,
)


def rules_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(
        st.tuples(conditions, st.integers(0, 1), inner), min_size=1, max_size=3
    ).map(
        lambda found: [
            {"if" if at == 0 else "elif": when, "priority": priority, "show": shown}
            for at, (when, priority, shown) in enumerate(found)
        ]
    )  # fmt: skip


slots = rules_of(st.one_of(st.just("block"), rules_of(st.just("block"))))


def people() -> Iterator[tuple[dict[str, Any], Mapping[str, bool]]]:
    for orders, tier, a, b in product(ORDERS, TIERS, TRUTHS, TRUTHS):
        yield {"traits": {"orders": orders, "tier": tier}}, {"a": a, "b": b}


def answer(asked: dict[str, Any], values: dict[str, Any], members: Mapping[str, bool]) -> bool:
    if "segment" in asked:
        return members[asked["segment"]]
    value = values["traits"][asked["trait"]]
    if "missing" in asked:
        return value is None
    if value is None:
        return False
    if "is" in asked:
        return bool(value == asked["is"])
    return bool(value >= asked["at_least"] if "at_least" in asked else value < asked["less_than"])


def formula(asked: dict[str, Any]) -> Formula:
    if "segment" in asked:
        return Asks(Question(f"segment {asked['segment']}", "=", (True,), sure=True))
    name = f"traits.{asked['trait']}"
    if "missing" in asked:
        return Asks(Question(name, "missing"))
    whole = asked["trait"] == "orders"
    (word,) = asked.keys() - {"trait"}
    op = {"is": "=", "at_least": ">=", "less_than": "<"}[word]
    return Asks(Question(name, op, (asked[word],), whole=whole))  # type: ignore[arg-type]


def chosen(slot: Slot) -> set[str]:
    """Return the rules that somebody is shown something by, or that decide for somebody."""
    found = set()
    for values, members in people():
        answers = [answer(each.value, values, members) for each in slot.asked]
        now = Circumstances(answers, values, NOON, lambda block, days: 0)
        found.add(choose(slot, now).rule)
    return found


@given(slots)
def test_a_rule_is_refused_exactly_when_nobody_reaches_it(rules: list[dict[str, Any]]) -> None:
    import json

    slot = parse_slot(json.dumps({"slot": "offer", "rules": rules}), "slots/offer.yaml")
    reached = chosen(slot)
    leaves = {rule.number for rule in slot.every_rule() if not rule.rules}
    try:
        check_reach(slot, [formula(each.value) for each in slot.asked])
    except DefinitionError as error:
        number = error.what.split()[1]
        assert not any(each == number or each.startswith(f"{number}.") for each in reached)
    else:
        assert leaves <= reached

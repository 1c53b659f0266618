"""Slots as authors write them: which block is shown there to whom, by nested if / elif / else.

slot: offer
description: What a good customer is offered
rules:
  - if: {all: [{segment: premium}, {did: purchase, within: 30d}]}   # conditions as of segments
    show: offer_a
    priority: 10                       # tried first; of equals, in the order of the file
    at_most: {times: 3, days: 30}      # then the next rule is tried
  - elif: {trait: country, in: [DE, AT]}
    show:                              # rules inside a rule
      - if: {model: churn, at_least: 0.5}
        show: stay
      - else: welcome
  - elif: {recommendations: {at_least: 3}}
    show: picks
  - elif: {all: [{missing: person.first_name}, {time: {weekdays: [sat, sun]}}]}
    show: weekend
  - else: nothing
values:                                # for the blocks shown here alone
  traits.favourite_category: {segments: {gardeners: garden}, default: our shop, else: hide}

Beside the conditions of segments there are `known:` and `missing:` (a path, a list, or
`{of: [...], at_least: 2}`), `recommendations:` and `time:`. Where no rule fits, nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeGuard

from tailorbird import yaml_text
from tailorbird.content.fallbacks import Chain, read_chains
from tailorbird.content.rule_conditions import Asked, Condition, Reading, paths_of
from tailorbird.errors import DefinitionError
from tailorbird.yaml_text import Document, Path

NOTHING: Final = "nothing"
"""What a rule shows that hides the slot."""
_DEEPEST: Final = 8
_MOST: Final = 100
_KEYS: Final = ("if", "elif", "else", "show", "priority", "at_most")
_WORDS: Final = ("if", "elif", "else")


@dataclass(frozen=True, slots=True)
class Limit:
    """A block is shown to one person at most so many times in so many days."""

    times: int
    days: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: whom it fits, and what it shows them: a block, '' for nothing, or further rules.

    `number` counts as in the file, `2.1` is the first inside the second. `when` is None of `else`.
    """

    number: str
    place: str
    when: Condition | None
    show: str
    rules: tuple[Rule, ...] = ()
    priority: int = 0
    at_most: Limit | None = None

    def tried(self) -> tuple[Rule, ...]:
        """Return the rules inside in the order in which they are tried."""
        return in_order(self.rules)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in templates, and the rules that choose its block.

    `asked` are the conditions that others answer, as the author wrote them.
    """

    name: str
    rules: tuple[Rule, ...]
    asked: tuple[Asked, ...]
    values: tuple[Chain, ...]
    document: Document
    description: str = ""
    version: int = 0

    def every_rule(self) -> Iterator[Rule]:
        """Yield the rules, outer before inner."""
        waiting = [*self.rules]
        while waiting:
            rule = waiting.pop(0)
            yield rule
            waiting = [*rule.rules, *waiting]

    def blocks(self) -> tuple[str, ...]:
        """Return the blocks that the rules name, each once."""
        return tuple(dict.fromkeys(rule.show for rule in self.every_rule() if rule.show))

    def reads(self) -> frozenset[str]:
        """Return the paths of values that the rules ask about."""
        conditions = (rule.when for rule in self.every_rule() if rule.when is not None)
        return frozenset(path for each in conditions for path in paths_of(each))


def in_order(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return rules in the order in which they are tried: by priority, `else` at the end."""
    return tuple(sorted(rules, key=lambda rule: (rule.when is None, -rule.priority)))


def parse_slot(text: str, name: str, *, version: int = 0) -> Slot:
    """Return the slot that a YAML text defines; `name` is its file, for errors.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, name)
    return _Reader(document).slot(version)


class _Reader:
    """Reads one file; `conditions` numbers what others must answer."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._conditions = Reading(document)
        self._rules = 0

    def slot(self, version: int) -> Slot:
        keys = ("slot", "description", "rules", "values")
        value = self._mapping(self._document.value, (), keys)
        name, description = value.get("slot"), value.get("description", "")
        if not isinstance(name, str) or not name:
            self._refuse("a slot needs a name", ("slot",), "write `slot: offer`")
        if not isinstance(description, str):
            self._refuse("the description is not text", ("description",), "put it in quotes")
        if "rules" not in value:
            self._refuse("nothing says what is shown", (), "add `rules:` with a list")
        rules = self._list(value["rules"], ("rules",), "")
        chains = read_chains(self._document, value.get("values", {}), ("values",), hides=True)
        asked = tuple(self._conditions.asked)
        return Slot(name, rules, asked, chains, self._document, description, version)

    def _list(self, value: Any, path: Path, outer: str) -> tuple[Rule, ...]:
        if not isinstance(value, list) or not value:
            self._refuse("a list of rules is needed", path, "put each rule under a `-`")
        if outer.count(".") >= _DEEPEST:
            self._refuse("rules are nested too deeply", path, f"at most {_DEEPEST} levels")
        rules = tuple(
            self._rule(each, (*path, at), f"{outer}{at + 1}", first=at == 0)
            for at, each in enumerate(value)
        )
        for at, rule in enumerate(rules[:-1]):
            if rule.when is None:
                self._refuse("`else` is not the last rule", (*path, at), "move it to the end")
        return rules

    def _rule(self, value: Any, path: Path, number: str, *, first: bool) -> Rule:
        self._rules += 1
        if self._rules > _MOST:
            self._refuse("too many rules", path, f"at most {_MOST} in one slot")
        value = self._mapping(value, path, _KEYS)
        words = [word for word in _WORDS if word in value]
        if len(words) != 1:
            self._refuse("a rule begins with if, elif or else", path, "write `if:` or `else:`")
        word = words[0]
        if word == "elif" and first:
            self._refuse("`elif` is the first rule", (*path, word), "write `if:`")
        when = None
        if word != "else":
            when = self._conditions.condition(value[word], (*path, word))
        shown, at = self._shown(value, word, path)
        inner = self._list(shown, at, f"{number}.") if isinstance(shown, list) else ()
        return Rule(
            number,
            self._document.where((*path, word)),
            when,
            "" if isinstance(shown, list) or shown == NOTHING else shown,
            inner,
            self._priority(value, path, when),
            self._limit(value, path, shown),
        )

    def _shown(self, value: Mapping[str, Any], word: str, path: Path) -> tuple[Any, Path]:
        """Return the block or the rules that a rule shows; `else: offer` is short for both."""
        key = "show"
        if word == "else" and value["else"] is not None:
            if "show" in value:
                self._refuse("`else` says twice what is shown", path, "keep one of them")
            key = "else"
        shown = value.get(key)
        if not shown or not isinstance(shown, list | str):
            self._refuse("a rule shows a block", path, "write `show: NAME` or `show: nothing`")
        return shown, (*path, key)

    def _priority(self, value: Mapping[str, Any], path: Path, when: Condition | None) -> int:
        found = value.get("priority", 0)
        if isinstance(found, bool) or not isinstance(found, int) or abs(found) > 1_000_000:
            self._refuse("a priority is a whole number", (*path, "priority"), "write `10`")
        if found and when is None:
            self._refuse("`else` is always last", (*path, "priority"), "take the priority out")
        return int(found)

    def _limit(self, value: Mapping[str, Any], path: Path, shown: Any) -> Limit | None:
        if "at_most" not in value:
            return None
        path = (*path, "at_most")
        if isinstance(shown, list) or shown == NOTHING:
            self._refuse("only a block can be limited", path, "put it beside `show: BLOCK`")
        found = self._mapping(value["at_most"], path, ("times", "days"))
        times, days = found.get("times"), found.get("days")
        if not _counts(times) or not _counts(days):
            self._refuse("a limit needs times and days", path, "write `{times: 3, days: 30}`")
        return Limit(times, days)

    def _mapping(self, value: Any, path: Path, keys: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self._refuse("a mapping is needed", path, f"with the keys {', '.join(keys)}")
        for key in value:
            if key not in keys:
                mend = yaml_text.nearest(str(key), list(keys))
                self._refuse(f"unknown key {key!r}", (*path, key), mend)
        return value

    def _refuse(self, what: str, path: Path, mend: str) -> NoReturn:
        raise DefinitionError(what, where=self._document.where(path), mend=mend)


def _counts(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 3650

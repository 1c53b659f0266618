"""A merge that was taken back has never been; and made anew, the facts are what they were.

Random people, devices, addresses and accounts; random merges by hand and separations; random cuts
into batches, and kills between what people know and what the facts know.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tailorbird.privacy.vault import Vault
from tailorbird.profiles import fold, moved, replay
from tailorbird.schema import ConsentClaim, Event, Line, PersonId
from tailorbird.settings import Identity
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people import SqlitePeople

PEOPLE = 6
TABLES = ("facts", "lines", "properties", "trait_values", "people", "owners")
LIMITS = Identity(accounts_per_address=2, people_per_device=2, addresses_per_person=3)
GENEROUS = Identity(accounts_per_address=99, people_per_device=99, addresses_per_person=99)


@dataclass
class Author:
    """Writes a random log: bodies of one to four events."""

    rng: random.Random
    written: int = 0

    def accounts(self) -> list[Event]:
        """Return the body in which everybody registers."""
        return [
            Event(f"r{who}", "identify", who, who, 1 << 20 | who, "server:shop", f"user-{who}-0")
            for who in range(PEOPLE)
        ]

    def log(self, bodies: int) -> list[list[Event]]:
        return [
            [self.event(offset << 20 | index) for index in range(self.rng.choice((1, 1, 2, 4)))]
            for offset in range(2, bodies + 2)
        ]

    def event(self, position: int) -> Event:
        pick, chance = self.rng.choice, self.rng.random
        who = self.rng.randrange(PEOPLE)
        device = who if chance() < 0.8 else self.rng.randrange(PEOPLE)
        named: dict[str, str] = {}
        if chance() < 0.75:
            named["anonymous_id"] = f"device-{device}-{self.rng.randrange(2)}"
        if chance() < 0.5 or not named:
            named["user_id"] = f"user-{who}-{int(chance() < 0.1)}"
        if chance() < 0.35:
            named["email"] = f"{who if chance() < 0.8 else pick('01')}@people.example"
        name = pick(("purchase", "page_viewed", "identify", "identify"))
        self.written += 1
        return Event(
            message_id=f"m{self.written if chance() < 0.95 else self.written - 1}",
            name=name,
            at=position * 10 - self.rng.randrange(30) * (1 << 20),
            received_at=position * 10,
            position=position,
            source=pick(("web", "server:shop", "shopify", "import")),
            lines=(Line("i1", quantity=1),) if name == "purchase" else (),
            properties={"step": position >> 20},
            traits=self.traits() if name == "identify" else {},
            consents=self.claims() if name == "identify" else (),
            user_id=named.get("user_id", ""),
            anonymous_id=named.get("anonymous_id", ""),
            email=named.get("email", ""),
        )

    def traits(self) -> dict[str, Any]:
        pick = self.rng.choice
        return {
            "country": pick(("DE", "FR")),
            "first_name": pick(("Ann", "Bob")),
            "age": pick((1, 2)),
        }

    def claims(self) -> tuple[ConsentClaim, ...]:
        pick = self.rng.choice
        return (ConsentClaim(pick(("email_marketing", "tracking")), pick((True, False))),)


def told(position: int, name: str, one: PersonId, two: PersonId) -> Event:
    """Return the event of a merge or a separation by hand."""
    at = position * 10
    return Event(
        f"{name}-{position}", name, at, at, position, "identity", person_id=one,
        properties={"loser": two, "by": "hand", "reason": "said so"},
    )  # fmt: skip


@dataclass
class World:
    """People in SQLite, facts in DuckDB, fed with a log in random batches."""

    rng: random.Random
    folder: Path
    limits: Identity = LIMITS
    people: SqlitePeople = field(init=False)
    facts: DuckFacts = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.folder / "record.sqlite")
        self.people = SqlitePeople(self.database, Vault(b"k" * 32))
        self.facts = DuckFacts(None)

    def take(self, log: Sequence[Sequence[Event]]) -> None:
        done = self.people.cursor()
        while done < len(log):
            until = min(len(log), done + self.rng.choice((1, 2, 5, 11)))
            events = [event for body in log[done:until] for event in body]
            folded = fold(self.people, events, [], until, self.limits)
            if self.rng.random() < 0.3:  # killed before the facts heard of it
                self.catch_up(log)
            else:
                self.facts.append(folded.events, folded.homes, until)
            done = until

    def catch_up(self, log: Sequence[Sequence[Event]]) -> None:
        while (done := self.facts.offset()) < self.people.cursor():
            until = min(self.people.cursor(), done + self.rng.choice((1, 3, 7)))
            events = [event for body in log[done:until] for event in body]
            self.facts.append(replay(self.people, events), moved(self.people, done, until), until)

    def derived(self) -> dict[str, list[dict[str, Any]]]:
        return {
            name: self.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
            for name in TABLES
        }

    def known(self) -> dict[str, Any]:
        people = list(range(1, self.people.next_person()))
        homes = self.people.ties.homes(people)
        states = self.people.consent_states(people)
        return {
            "homes": homes,
            "profiles": self.people.profiles(people),
            "consents": {p: (set(s.granted), set(s.withdrawn)) for p, s in states.items()},
            "claims": self.people.claims([p for p in people if p not in homes]),
        }

    def close(self) -> None:
        self.facts.close()
        self.database.close()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Return a maker of empty worlds."""
    made: list[World] = []

    def world(seed: int, limits: Identity = LIMITS) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(random.Random(seed), folder, limits))
        return made[-1]

    yield world
    for each in made:
        each.close()


def with_words(rng: random.Random, log: list[list[Event]]) -> list[list[Event]]:
    """Return the log with merges and separations by hand strewn in."""
    strewn = []
    for body in log:
        draw = rng.random()
        if draw < 0.2 and body[0].position >> 20 > 5:
            name = "people_merged" if draw < 0.12 else "people_separated"
            one, two = rng.sample(range(1, 9), 2)
            body = [*body, told(body[-1].position + 1, name, one, two)]
        strewn.append(body)
    return strewn


@pytest.mark.parametrize("seed", range(6))
def test_facts_made_anew_are_the_facts(seed: int, make: Callable[..., World]) -> None:
    rng = random.Random(seed)
    author = Author(rng)
    log = with_words(rng, [author.accounts(), *author.log(40)])
    world = make(seed)
    world.take(log)
    before = world.derived()
    world.facts.clear()
    world.catch_up(log)
    after = world.derived()
    for name in TABLES:
        assert after[name] == before[name], name


@pytest.mark.parametrize("seed", range(6))
def test_a_merge_that_was_taken_back_has_never_been(seed: int, make: Callable[..., World]) -> None:
    rng = random.Random(seed + 1000)
    author = Author(rng)
    log = [author.accounts(), *author.log(40)]
    first, then = sorted(rng.sample(range(8, 40), 2))
    one, two = rng.sample(range(1, 6), 2)
    log[then] = [*log[then], told(log[then][-1].position + 1, "people_separated", one, two)]
    merged = [list(body) for body in log]
    merged[first].append(told(merged[first][-1].position + 1, "people_merged", one, two))
    never, undone = make(seed, GENEROUS), make(seed + 1, GENEROUS)
    never.take(log)
    undone.take(merged)
    assert undone.known() == never.known()
    expected, found = never.derived(), undone.derived()
    for name in ("facts", "lines", "properties", "trait_values", "people"):
        assert found[name] == expected[name], name

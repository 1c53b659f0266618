"""Random journeys, people, events and clocks; and the engine beside the reference on them."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml
from tests.properties.journey_reference import MINUTE, Life, Plan, Reference, ident

from tailorbird import authoring, experiments, flow, journeying
from tailorbird.app import Tailorbird
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import DAY, SECOND, Body
from tailorbird.world import World

START = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()) * SECOND
EVENTS = ("alpha", "beta", "gamma")
PEOPLE = 4
TEMPLATE = """\
<mjml><mj-body><mj-section><mj-column><mj-text>
<a href="{{ unsubscribe_url }}">Leave</a></mj-text></mj-column></mj-section></mj-body></mjml>
"""
Path_ = list[tuple[str, str, str, int]]
Advance = Callable[[World, int], object]


class Author:
    """Writes random journeys."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.named = 0
        self.outer: list[str] = []

    def journey(self, name: str) -> Plan:
        rng = self.rng
        plan: Plan = {
            "name": name, "trigger": {"call": True}, "several": rng.random() < 0.4, "per": "cart",
            "restart": rng.random() < 0.3, "reentry": rng.choice(["1m", "20m", "2h"]),
            "dedupe": rng.choice(["1m", "5m"]), "steps": self.steps(rng.randint(2, 6), 0),
        }  # fmt: skip
        if rng.random() < 0.6:
            plan["exit_when"] = self.condition()
        if rng.random() < 0.3:
            plan["who"] = self.condition()
        if rng.random() < 0.4 and self.outer:
            plan["skip_ahead"] = [{"if": self.condition(), "to": rng.choice(self.outer)}]
        return plan

    def condition(self, depth: int = 0) -> Plan:
        rng = self.rng
        match rng.randrange(7 if depth < 2 else 4):
            case 0 | 1:
                return {"event": rng.choice(EVENTS), "since": rng.choice(["entry", "step"])}
            case 2:
                return {"is": {"trait": "stage", "is": rng.choice(["new", "old"])}}
            case 3:
                older = {"older_than": rng.choice(["2m", "20m"])} if rng.random() < 0.7 else {}
                within = f"{rng.choice([30, 90])}m"
                return {"is": {"did": rng.choice(EVENTS), "within": within, **older}}
            case 4:
                return {"not": self.condition(depth + 1)}
            case _:
                parts = [self.condition(depth + 1) for _ in range(2)]
                return {rng.choice(["all", "any"]): parts}

    def steps(self, number: int, depth: int) -> list[Plan]:
        made = []
        for _ in range(number):
            self.named += 1
            made.append(self.step(f"s{self.named}", depth))
            if depth == 0:
                self.outer.append(ident(made[-1]))
        return made

    def step(self, name: str, depth: int) -> Plan:
        rng, wait = self.rng, f"{self.rng.choice([1, 3, 10, 45])}m"

        def inner() -> list[Plan]:
            return self.steps(rng.randint(0, 2), depth + 1) if depth < 2 else []

        kinds = ["wait", "wait", "send", "set", "goal", "jump", "wait_for", "branch", "split"]
        match rng.choice([*kinds, "exit"] if depth else kinds):
            case "wait":
                return {"wait": wait, "id": name}
            case "send":
                refused = {"on_refused": found} if rng.random() < 0.5 and (found := inner()) else {}
                return {"send": name, "template": "mail", "subject": "Hello", **refused}
            case "set":
                return {"set": {"stage": rng.choice(["new", "old"])}, "id": name}
            case "goal":
                return {"goal": "seen", "id": name}
            case "wait_for":
                asked: Plan = {"wait_for": self.condition(), "timeout": wait, "id": name}
                return asked | {word: found for word in ("then", "else") if (found := inner())}
            case "branch":
                ways = [{"if": self.condition(), "then": inner()} for _ in range(2)]
                return {"branch": ways, "id": name, "else": inner()}
            case "split":
                arms = {arm: {"share": rng.randint(1, 3), "steps": inner()} for arm in ("a", "b")}
                return {"split": arms, "id": name}
            case "jump" if self.outer:
                jump: Plan = {"to": rng.choice(self.outer), "most": rng.randint(1, 2)}
                return {"jump": jump | ({"if": self.condition()} if rng.random() < 0.5 else {}),
                        "id": name}  # fmt: skip
            case "exit":
                return {"exit": "enough", "id": name}
            case _:
                return {"wait": wait, "id": name}


class Town:
    """A data folder in which one random journey after the other is gone through."""

    def __init__(self, folder: Path, more: dict[str, str] | None = None) -> None:
        # The same dice in every folder: what a seed shows, it shows again.
        given = {"TAILORBIRD_ASSIGNMENT_SALT": "town"}
        self.tb = Tailorbird.open(folder, clock=lambda: START, environment=given | (more or {}))
        self.tb.put("template", "mail", TEMPLATE)
        self.told = 0

    def path_of(self, person: int, journey: str) -> list[Path_]:
        enrolments = self.tb.world.enrolments
        return [
            [(r.step, r.outcome, r.to, r.at) for r in enrolments.records(each.id)]
            for each in reversed(enrolments.of_person(person))
            if each.journey == journey
        ]

    def say(self, message: Plan, at: int, received: int) -> None:
        self.told += 1
        moment = datetime.fromtimestamp(at / SECOND, UTC).isoformat()
        said = {**message, "messageId": f"m{self.told}", "timestamp": moment}
        self.tb.world.log.append([Body("server", received, msgspec.json.encode(said))])

    def mismatches(self, seed: int, advance: Advance) -> Iterator[str]:
        """Yield where the engine's path differs from the reference's, tick by tick."""
        rng, name = random.Random(seed), f"j{seed}"
        plan = Author(seed).journey(name)
        world = self.tb.world
        text = yaml.safe_dump(plan, sort_keys=False)
        world.definitions.put("journey", name, text, author="", reason="", now=START)
        now = START + (seed % 1_000) * 20 * DAY
        lives = self._born(seed, now)
        people = {who: self.tb.person(who) for who in lives}
        references = {
            who: Reference(plan, life, self._dice(people[who])) for who, life in lives.items()
        }
        waiting = list(self._events(rng, lives, now))
        for _ in range(rng.randint(6, 14)):
            now += rng.choice([0, 1, 1, 2, 5, 30, 120]) * MINUTE
            triggers = self._reach(rng, waiting, lives, now)
            self._tick(world, name, people, triggers, now, advance)
            for who, reference in references.items():
                reference.tick(now, [(at, key) for at, one, key, _ in triggers if one == who])
                found = self.path_of(people[who], name)
                if found != (wanted := [way.path for way in reference.ways]):
                    yield f"seed {seed}, {who}, at {now}: {found}\nnot {wanted}\n{text}"
                    return

    def _born(self, seed: int, now: int) -> dict[str, Life]:
        lives = {f"p{seed}-{number}": Life(agrees=number > 0) for number in range(PEOPLE)}
        for who, life in lives.items():
            said = {"email_marketing": life.agrees, "tracking": True, "wordingVersion": "1"}
            message = {
                "type": "identify", "userId": who, "traits": {"email": f"{who}@mail.example"},
                "context": {"consent": said},
            }  # fmt: skip
            self.say(message, now - DAY, now - DAY)
        self.tb.ingest()
        return lives

    def _dice(self, person: int) -> Callable[[str, dict[str, float]], str]:
        key = self.tb.world.assignment_key
        return lambda split, shares: experiments.assign(key, split, person, shares).variant

    def _events(
        self, rng: random.Random, lives: dict[str, Life], start: int
    ) -> Iterator[tuple[int, str, str, str]]:
        """Yield (at, who, event or 'go', key); no two are at one instant."""
        for number in range(rng.randint(10, 40)):
            at = start + rng.randrange(0, 240) * MINUTE + number
            name = rng.choice([*EVENTS, "go", "go"])
            yield at, rng.choice([*lives]), name, rng.choice(["x", "y"])

    def _reach(
        self,
        rng: random.Random,
        waiting: list[tuple[int, str, str, str]],
        lives: dict[str, Life],
        now: int,
    ) -> list[tuple[int, str, str, int]]:
        """Have what happened by now reach us, most of it; some from a clock that is ahead of ours.

        Returns what would have people enter: (at, who, key, cause).
        """
        triggers = []
        for each in sorted(waiting):
            at, who, name, key = each
            early = name != "go" and now < at <= now + 10 * MINUTE and rng.random() < 0.5
            if not early and (at > now or rng.random() < 0.2):
                continue
            waiting.remove(each)
            if name == "go":
                self.told += 1
                triggers.append((at, who, key, self.told))
            else:
                lives[who].events.append((at, name))
                self.say({"type": "track", "event": name, "userId": who}, at, max(at, now))
        return triggers

    def _tick(
        self,
        world: World,
        name: str,
        people: dict[str, int],
        triggers: list[tuple[int, str, str, int]],
        now: int,
        advance: Advance,
    ) -> None:
        flow.ingest(world)
        journey, version = authoring.find_journey(world, name)
        journeying.react(world, now)
        found = [Triggered(people[who], at, cause, key) for at, who, key, cause in triggers]
        journeying.enter(world, journey, version, found, now)
        advance(world, now)


class Crash(Exception):  # noqa: N818 - a kill is no error of ours
    """The machine stopped here."""


class Dying:
    """Stands before a port and stops the machine before or after its so-and-so-manieth call."""

    def __init__(self, port: Any, until: list[int], meanwhile: Callable[[], object]) -> None:
        self._port, self._until, self._meanwhile = port, until, meanwhile

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name == "transaction":
            return lambda: self._transaction(found)
        return lambda *given, **named: self._called(found, given, named)

    @contextmanager
    def _transaction(self, begin: Callable[[], Any]) -> Iterator[None]:
        self._meanwhile()
        with begin():
            yield
            self._strike()
        self._strike()

    def _called(self, call: Callable[..., Any], given: Any, named: Any) -> Any:
        self._strike()
        found = call(*given, **named)
        self._strike()
        return found

    def _strike(self) -> None:
        self._until[0] -= 1
        if self._until[0] == 0:
            raise Crash


def dying(world: World, until: list[int], meanwhile: Callable[[], object] = bool) -> World:
    """Return a world that stops before or after one of its writes, or calls."""
    ports = ("enrolments", "ledger", "log")
    stood: dict[str, Any] = {name: Dying(getattr(world, name), until, meanwhile) for name in ports}
    return dataclasses.replace(world, **stood)

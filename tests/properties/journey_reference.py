"""A journey gone through person by person, read from the rules alone: what the engine must equal.

It knows nothing of batches, stores or due times: at every tick it asks everything of everybody. Of
the engine it shares the dice of a split. Instants are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

MINUTE = 60_000_000
Plan = dict[str, Any]
Dice = Callable[[str, dict[str, float]], str]


@dataclass
class Life:
    """What has reached us of one person so far, and whether she agreed to mails."""

    agrees: bool = True
    events: list[tuple[int, str]] = field(default_factory=list)
    traits: list[tuple[int, str, Any]] = field(default_factory=list)


@dataclass
class Way:
    """One entry, and every step since: (step, outcome, to, at)."""

    key: str
    entered: int
    step: str
    since: int
    path: list[tuple[str, str, str, int]]
    jumps: dict[str, int] = field(default_factory=dict)
    ended: str = ""


def length(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60, "d": 1440}[text[-1]] * MINUTE


def ident(step: Plan) -> str:
    return str(step.get("send") or step["id"])


class Reference:
    """One person in one journey."""

    def __init__(self, plan: Plan, life: Life, dice: Dice) -> None:
        self.plan, self.life, self.dice = plan, life, dice
        self.steps: dict[str, tuple[Plan, str]] = {}
        self.first = self._lay(plan["steps"], "")
        self.ways: list[Way] = []

    def _lay(self, steps: Sequence[Plan], after: str) -> str:
        for at, step in enumerate(steps):
            then = ident(steps[at + 1]) if at + 1 < len(steps) else after
            self.steps[ident(step)] = (step, then)
            for inner in self._inner(step):
                self._lay(inner, then)
        return ident(steps[0]) if steps else after

    def _inner(self, step: Plan) -> list[list[Plan]]:
        named = [step[word] for word in ("then", "else", "on_refused") if word in step]
        named += [way["then"] for way in step.get("branch", ())]
        return named + [arm["steps"] for arm in step.get("split", {}).values()]

    def _after(self, steps: list[Plan] | None, then: str) -> str:
        return ident(steps[0]) if steps else then

    def _follows(self, name: str) -> set[str]:
        step, then = self.steps[name]
        if "exit" in step:
            return set()
        if "jump" in step:
            return {then, step["jump"]["to"]}
        inner = {self._after(steps, then) for steps in self._inner(step)}
        if "split" in step or {"then", "else"} <= step.keys() or {"branch", "else"} <= step.keys():
            return inner
        return inner | {then}

    def _leads(self, start: str, to: str) -> bool:
        seen, waiting = {""}, [start]
        while waiting:
            for each in self._follows(waiting.pop()) - seen:
                seen.add(each)
                waiting.append(each)
        return to in seen

    # -- what is asked ----------------------------------------------------------------------------

    def holds(self, asked: Plan, way: Way, now: int) -> bool:
        if "all" in asked:
            return all(self.holds(each, way, now) for each in asked["all"])
        if "any" in asked:
            return any(self.holds(each, way, now) for each in asked["any"])
        if "not" in asked:
            return not self.holds(asked["not"], way, now)
        if "event" in asked:
            start = way.since if asked.get("since") == "step" else way.entered
            return any(
                start < at <= now and name == asked["event"] for at, name in self.life.events
            )
        known = asked["is"]
        if "trait" in known:
            latest = sorted(self.life.traits, key=lambda each: each[0])
            said = [value for at, _, value in latest if at <= now]
            return bool(said) and said[-1] == known["is"]
        after, until = now - length(known["within"]), now - length(known.get("older_than", "0m"))
        return any(after < at <= until and name == known["did"] for at, name in self.life.events)

    # -- a tick -----------------------------------------------------------------------------------

    def tick(self, now: int, triggers: Sequence[tuple[int, str]]) -> None:
        for way in self.ways:
            while not way.ended and self._leaves(way, now):
                pass
        for at, key in triggers:
            self._enter(at, key, now)
        said: list[tuple[int, str, Any]] = []
        for way in self.ways:
            while not way.ended and (self._leaves(way, now) or self._goes_on(way, now, said)):
                pass
        self.life.traits += said

    def _enter(self, at: int, key: str, now: int) -> None:
        plan = self.plan
        same = [way for way in self.ways if way.key == key]
        last = max((way.entered for way in same), default=None)
        in_it = [
            way for way in self.ways if not way.ended and (way.key == key or not plan["several"])
        ]
        if last is not None and (at <= last or at - last < length(plan["dedupe"])):
            return
        if in_it and not (plan["restart"] and at > max(way.entered for way in in_it)):
            return
        if not in_it and last is not None and at - last < length(plan["reentry"]):
            return
        way = Way(key, at, self.first, at, [("", "entered", self.first, now)])
        if "who" in plan and not self.holds(plan["who"], way, now):
            return
        for old in in_it:
            self._go(old, "", "restarted", now)
        self.ways.append(way)

    def _leaves(self, way: Way, now: int) -> bool:
        if "exit_when" in self.plan and self.holds(self.plan["exit_when"], way, now):
            return self._go(way, "", "left", now)
        if self.steps[way.step][0].keys() & {"wait", "wait_for"}:
            for skip in self.plan.get("skip_ahead", ()):
                ahead = self._leads(way.step, skip["to"]) and not self._leads(skip["to"], way.step)
                if ahead and way.step != skip["to"] and self.holds(skip["if"], way, now):
                    return self._go(way, skip["to"], "skipped", now)
        return False

    def _goes_on(self, way: Way, now: int, said: list[tuple[int, str, Any]]) -> bool:
        step, then = self.steps[way.step]
        if "wait" in step:
            over = now >= way.since + length(step["wait"])
            return over and self._go(way, then, "waited", now)
        if "wait_for" in step:
            if self.holds(step["wait_for"], way, now):
                return self._go(way, self._after(step.get("then"), then), "met", now)
            over = now >= way.since + length(step["timeout"])
            return over and self._go(way, self._after(step.get("else"), then), "timed_out", now)
        if "branch" in step:
            ways = [each["then"] for each in step["branch"] if self.holds(each["if"], way, now)]
            taken = ways[0] if ways else step.get("else")
            return self._go(way, self._after(taken, then), "branched", now)
        if "split" in step:
            shares = {name: arm["share"] for name, arm in step["split"].items()}
            arm = step["split"][self.dice(f"{self.plan['name']}/{step['id']}", shares)]
            return self._go(way, self._after(arm["steps"], then), "drew", now)
        if "send" in step:
            welcome = "who" not in self.plan or self.holds(self.plan["who"], way, now)
            if welcome and self.life.agrees:
                return self._go(way, then, "sent", now)
            return self._go(way, self._after(step.get("on_refused"), then), "refused", now)
        if "set" in step:
            said += [(now, name, value) for name, value in step["set"].items()]
            return self._go(way, then, "updated", now)
        if "jump" in step:
            times = way.jumps.get(way.step, 0)
            allowed = "if" not in step["jump"] or self.holds(step["jump"]["if"], way, now)
            if not allowed or times >= step["jump"]["most"]:
                return self._go(way, then, "went_on", now)
            way.jumps[way.step] = times + 1
            return self._go(way, step["jump"]["to"], "jumped", now)
        if "goal" in step:
            return self._go(way, then, "goal", now)
        return self._go(way, "", "exit", now)

    def _go(self, way: Way, to: str, outcome: str, now: int) -> bool:
        way.path.append((way.step, outcome, to, now))
        way.step, way.since = to, now
        if not to:
            way.ended = outcome if outcome in ("left", "exit", "restarted") else "done"
        return True

"""The pace of a folder: what its plan and its meters let through, and what they learn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.delivery import pace
from tailorbird.delivery.breaker import Breaker, failed, settled_clock, succeeded
from tailorbird.delivery.pace import PROMPT, Limits, Meter, Plan, Room, Why
from tailorbird.delivery.quiet_hours import is_quiet, opens_at
from tailorbird.delivery.thresholds import Counts, Thresholds, alarm
from tailorbird.lanes import Lane, Lanes, Waiting
from tailorbird.schema import HOUR, Instant, Settlement

DEFERRED: Final = re.compile(r"(?:421|451)\b|\b4\.7\.\d|\b4\.3\.2\b")
"""A provider that wants less, by code (RFC 5321) or enhanced status (RFC 3463)."""
OF_ONE_MAILBOX: Final = re.compile(r"gr[ae]y-?list|\b4\.2\.\d|mailbox|quota", re.IGNORECASE)
"""A deferral that says nothing about the rest."""
SHARE_DEFERRED: Final = 0.02
"""Fewer of a batch are left to their own retries."""
NO_METER: Final = ":"
"""Starts the names of what is kept beside the meters."""
CARRIER: Final = f"{NO_METER}carrier:"
"""Starts the names under which breakers are kept."""
Bad: TypeAlias = Sequence[tuple[Literal["hard_bounces", "complaints"], bytes, Instant]]
"""What came back, of which send, and when that had been sent; each once."""
_METER: Final = msgspec.json.Decoder(Meter)
_BREAKER: Final = msgspec.json.Decoder(Breaker)


class Outlook(msgspec.Struct, frozen=True):
    """What waits in a lane, why, and when the next of it may leave."""

    lane: Lane
    sends: int
    why: Why
    next_at: Instant
    """0 where only somebody's hand lets it go on."""
    reason: str = ""


class Held(msgspec.Struct, frozen=True):
    """A stream or a sending domain that stands still."""

    meter: str
    reason: str
    since: Instant


class Pacing:
    """`lanes.Pace` by a plan, over meters that all workers share."""

    def __init__(self, lanes: Lanes, plan: Plan | None = None) -> None:
        self._lanes = lanes
        self.plan = plan or Plan()

    def allowance(self, under_way: Mapping[str, int], now: Instant) -> PacedClaim:
        """Return what may leave, given how many of each stream are claimed and not settled."""
        return PacedClaim(self._lanes, self.plan, under_way, now)

    def settled(self, settlements: Sequence[Settlement], now: Instant) -> None:
        """Learn how sends ended: what did not leave, and whether a provider deferred."""
        with self._lanes.transaction():
            streams = self._lanes.streams([ended.send_id for ended in settlements])
            ends: dict[str, list[Settlement]] = {}
            for ended in settlements:
                if stream := streams.get(ended.send_id):
                    for name in _meters_of(stream):
                        ends.setdefault(name, []).append(ended)
            meters = self._meters(now)
            self._keep(
                {
                    name: _learnt(meters.get(name, Meter()), ended, now, of_stream="/" in name)
                    for name, ended in ends.items()
                }
            )

    def outlook(self, waiting: Iterable[Waiting], now: Instant) -> list[Outlook]:
        """Return what waits in each lane, why, and when the next may leave."""
        allowance = self.allowance(self._lanes.under_way(), now)
        return [allowance.outlook(each) for each in waiting if each.lane.stream]

    def next_at(self, now: Instant) -> Instant | None:
        """Return the first instant after now at which one may leave that may not now; or None."""
        nexts = [each.next_at for each in self.outlook(self._lanes.first_due(), now)]
        return min((at for at in nexts if at > now), default=None)

    def held(self, now: Instant) -> list[Held]:
        """Return what stands still until somebody resumes it."""
        meters = self._meters(now)
        return [Held(name, m.held, m.held_at) for name, m in sorted(meters.items()) if m.held]

    def hold(self, name: str, reason: str, now: Instant) -> None:
        """Let nothing of a stream or a sending domain leave until it is resumed."""
        self._change(name, now, lambda meter: pace.hold(meter, reason, now))

    def resume(self, name: str, now: Instant) -> bool:
        """Let a stream or a sending domain go on; return whether it was held or slowed."""
        meter = self._meters(now).get(name, Meter())
        self._change(name, now, lambda each: pace.resume(each, now))
        return bool(meter.held or meter.halvings)

    def watch(self, bad: Bad, thresholds: Thresholds, now: Instant) -> list[Held]:
        """Hold what has too many bounces or complaints; return what was not held before."""
        since = now - thresholds.window_hours * HOUR
        with self._lanes.transaction():
            streams = self._lanes.streams(sorted({send_id for _, send_id, _ in bad}))
            alarms = {}
            for name, meter in self._meters(now).items():
                after = max(since, meter.watched_from)
                counts = Counter(
                    kind
                    for kind, send_id, sent_at in bad
                    if sent_at >= after and name in _meters_of(streams.get(send_id, ""))
                )
                sent = pace.left_since(meter, after)
                why = alarm(Counts(sent, counts["hard_bounces"], counts["complaints"]), thresholds)
                if why and not meter.held:
                    alarms[name] = pace.hold(meter, why, now)
            self._keep(alarms)
        return [Held(name, meter.held, now) for name, meter in alarms.items()]

    # -- carriers -------------------------------------------------------------------------------

    def breakers(self, now: Instant) -> dict[str, Breaker]:
        """Return what is remembered of each carrier that failed."""
        return {
            name.removeprefix(CARRIER): settled_clock(_BREAKER.decode(state), now)
            for name, state in self._lanes.meters().items()
            if name.startswith(CARRIER)
        }

    def carrier_failed(self, carrier: str, reason: str, now: Instant) -> Breaker:
        """Learn that a carrier could not be reached, or refused us altogether."""
        with self._lanes.transaction():
            breaker = failed(self.breakers(now).get(carrier, Breaker()), reason, now)
            self._lanes.keep({CARRIER + carrier: msgspec.json.encode(breaker)})
        return breaker

    def carrier_answered(self, carrier: str, now: Instant) -> None:
        """Learn that a carrier took mail."""
        breaker = self.breakers(now).get(carrier, Breaker())
        if breaker != succeeded(breaker):
            self._lanes.keep({CARRIER + carrier: msgspec.json.encode(succeeded(breaker))})

    # -- meters ---------------------------------------------------------------------------------

    def _meters(self, now: Instant) -> dict[str, Meter]:
        return _current(self._lanes.meters(), self.plan, now)

    def _change(self, name: str, now: Instant, change: Callable[[Meter], Meter]) -> None:
        with self._lanes.transaction():
            meter = self._meters(now).get(name) or pace.current(Meter(), self.plan, now)
            self._keep({name: change(meter)})

    def _keep(self, meters: Mapping[str, Meter]) -> None:
        self._lanes.keep({name: msgspec.json.encode(meter) for name, meter in meters.items()})


class PacedClaim:
    """`lanes.Allowance`: what one claim may take."""

    def __init__(
        self,
        lanes: Lanes,
        plan: Plan,
        under_way: Mapping[str, int],
        now: Instant,
    ) -> None:
        self._lanes, self._plan, self._now = lanes, plan, now
        self._stored = lanes.meters()
        self._meters = _current(self._stored, plan, now)
        self._under_way = _with_domains(under_way)
        self._taken: Counter[str] = Counter()
        self._rooms: dict[tuple[str, bool], Room] = {}
        self._quiet: dict[str, bool] = {}

    def take(self, lane: Lane) -> bool:
        """Return whether one more of this lane may leave; then it counts."""
        if self._is_quiet(lane.zone):
            return False
        names, prompt = _meters_of(lane.stream), lane.zone == PROMPT
        if any(self._taken[name] >= self._room(name, prompt).count for name in names):
            return False
        self._taken.update(names)
        return True

    def spend(self, left: Mapping[tuple[str, str], int]) -> None:
        """Keep how many of each (stream, zone) do leave, in the transaction of the claim."""
        counts: Counter[str] = Counter()
        for (stream, _), sends in left.items():
            for name in _meters_of(stream):
                counts[name] += sends
        spent = {
            name: pace.spend(self._meter(name), self._limits(name), sends, self._now)
            for name, sends in counts.items()
        }
        kept = {name: msgspec.json.encode(each) for name, each in (self._meters | spent).items()}
        changed = {name: state for name, state in kept.items() if self._stored.get(name) != state}
        self._lanes.keep(changed)

    def outlook(self, waiting: Waiting) -> Outlook:
        """Return what waits in a lane, why, and when the next may leave."""
        lane, now = waiting.lane, self._now
        prompt = lane.zone == PROMPT
        rooms = [self._room(name, prompt) for name in _meters_of(lane.stream)]
        reasons = [self._meter(name).held for name in _meters_of(lane.stream)]
        held = "" if prompt else next(filter(None, reasons), "")
        if held:
            return Outlook(lane, waiting.sends, "held", 0, held)
        opens = now if prompt else self._opens_at(lane.zone)
        reasons_to_wait: list[tuple[Instant, Why]] = [
            (waiting.first_due_at, "not_yet_due"),
            (opens, "quiet_hours"),
            *((room.next_at, room.why) for room in rooms if not room.count),
        ]
        next_at, why = max(reasons_to_wait, key=lambda each: each[0])
        if next_at <= now:
            return Outlook(lane, waiting.sends, "", now)
        return Outlook(lane, waiting.sends, why, next_at)

    def _room(self, name: str, prompt: bool) -> Room:
        key = name, prompt
        if key not in self._rooms:
            self._rooms[key] = pace.room_of(
                self._meter(name),
                self._limits(name),
                self._plan,
                self._under_way[name],
                self._now,
                prompt=prompt,
            )
        return self._rooms[key]

    def _meter(self, name: str) -> Meter:
        if name not in self._meters:
            self._meters[name] = pace.current(Meter(), self._plan, self._now)
        return self._meters[name]

    def _limits(self, name: str) -> Limits:
        return self._plan.limits(name)

    def _is_quiet(self, zone: str) -> bool:
        if zone not in self._quiet:
            asleep = zone not in ("", PROMPT) and is_quiet(self._plan.quiet, zone, self._now)
            self._quiet[zone] = asleep
        return self._quiet[zone]

    def _opens_at(self, zone: str) -> Instant:
        return opens_at(self._plan.quiet, zone, self._now) if zone else self._now


def _meters_of(stream: str) -> tuple[str, str]:
    """Return the names of the meters that count a stream's mails."""
    return stream, stream.partition("/")[0]


def _with_domains(under_way: Mapping[str, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for stream, sends in under_way.items():
        for name in _meters_of(stream):
            counts[name] += sends
    return counts


def _current(stored: Mapping[str, bytes], plan: Plan, now: Instant) -> dict[str, Meter]:
    """Return the meters among what is stored, as they are now."""
    return {
        name: pace.current(_METER.decode(state), plan, now)
        for name, state in stored.items()
        if not name.startswith(NO_METER)
    }


def _learnt(meter: Meter, ended: Sequence[Settlement], now: Instant, *, of_stream: bool) -> Meter:
    """Return the meter once it is known how these sends ended."""
    left = sum(each.state in ("sent", "unknown") for each in ended)
    stayed = sum(
        each.state == "cancelled" or (each.state == "pending" and not each.retry_at)
        for each in ended
    )
    deferred = sum(
        each.state == "pending"
        and each.retry_at > 0
        and DEFERRED.search(each.reply) is not None
        and OF_ONE_MAILBOX.search(each.reply) is None
        for each in ended
    )
    meter = pace.give_back(pace.left(meter, left, now), stayed)
    if of_stream and deferred and deferred >= SHARE_DEFERRED * len(ended):
        meter = pace.slow_down(meter, now)
    return meter

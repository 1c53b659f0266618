"""Webhooks out: what changed becomes notices, which are signed and sent in order.

`enqueue` compares what the folder knows now with what the receivers were told last; notices, the
places that were reached and what is told now are kept in one transaction, so that nothing is left
out and nothing told twice. Sending is at least once, under an id that stays: whoever gets one again
knows it by that (Standard Webhooks). A notice holds numbers and names only; values of the fields
that a hook asks for are added when it is sent.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from tailorbird import access, journey_alarms
from tailorbird.access import NOTICE_TYPES, Hook, Notice, NoticeType
from tailorbird.delivery.pacing import Pacing
from tailorbird.errors import UsageError
from tailorbird.ids import Entropy, new_id
from tailorbird.posting import Answer as Answer
from tailorbird.posting import Post as Post
from tailorbird.posting import signed as signed
from tailorbird.schema import DAY, HOUR, SECOND, ConsentState, Instant, PersonId, Profile
from tailorbird.ties import Home
from tailorbird.views import moment
from tailorbird.world import World

SECRET: Final = "whsec_"  # noqa: S105 - the prefix of a secret, by the Standard Webhooks
BASELINES: Final = 5
"""Batches of people noted in one tick before the first notice."""
BATCH: Final = 2_000
"""People compared in one transaction."""
AT_ONCE: Final = 50
"""Notices sent to one hook before others have their turn."""
FIRST_WAIT: Final = 5 * SECOND
LONGEST_WAIT: Final = 6 * HOUR
GONE: Final = 410
REPLY_LENGTH: Final = 200
CONSENT: Final = "consent:"
_PEOPLE: Final = """
SELECT person, position FROM people WHERE position > $1 AND position <= COALESCE(
    (SELECT position FROM people WHERE position > $1 ORDER BY position LIMIT 1 OFFSET $2), $3)
ORDER BY position, person
"""
_EVERYBODY: Final = "SELECT person FROM people WHERE person > $1 ORDER BY person LIMIT $2"
_LATEST_POSITION: Final = "SELECT COALESCE(MAX(position), 0) AS latest FROM people"


class Change(NamedTuple):
    """Something that happened, before it is known whom to tell. `mark` tells it from others."""

    type: NoticeType
    mark: str
    said: dict[str, Any]


# -- hooks ----------------------------------------------------------------------------------------


def make_hook(
    url: str, types: Sequence[str], fields: Sequence[str], *, now: Instant, entropy: Entropy
) -> tuple[Hook, bytes]:
    """Return a hook and its secret.

    Raises:
        UsageError: the address or a type is none.
    """
    if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
        raise UsageError(f"{url!r} is no address", mend="write https://example.com/path")
    known: dict[str, NoticeType] = {name: name for name in NOTICE_TYPES}
    for name in types:
        if name not in known:
            raise UsageError(f"there is no type {name!r}", mend=f"choose of {', '.join(known)}")
    chosen = tuple(known[name] for name in dict.fromkeys(types)) or NOTICE_TYPES
    hook = Hook(new_id("hook", now, entropy), url, chosen, tuple(dict.fromkeys(fields)), now)
    return hook, entropy(32)


def shown(secret: bytes) -> str:
    """Return a secret as receivers write it down."""
    return SECRET + b64encode(secret).decode()


# -- what changed ---------------------------------------------------------------------------------


def enqueue(world: World, now: Instant) -> int:
    """Keep a notice of everything that changed since last time, in order; return how many."""
    hooks = [hook for hook in world.hooks.all() if not hook.disabled]
    if not hooks:
        if world.hooks.progress("people"):
            world.hooks.start_anew()
        return 0
    if not world.hooks.progress("people"):
        world.hooks.keep([], _ends(world, now), {}, now)
    if not any(_known(world, now) for _ in range(BASELINES)):
        return 0
    told = sum(_told(world, hooks, now)) + _segments(world, hooks, now)
    marks, looked = journey_alarms.news(world, now)
    alarms = (Change("journey.alarm", *each) for each in marks)
    notices = [notice for each in alarms for notice in _notices(hooks, each, now)]
    if looked:
        world.hooks.keep(notices, looked, {}, now)
    return told + _held(world, hooks, now) + len(notices)


def _ends(world: World, now: Instant) -> dict[str, str]:
    """Return how far everything has come: what was before is told to nobody."""
    (position,) = world.facts.read(_LATEST_POSITION).to_pylist()
    return {
        "held": _standing(world, now),
        "people": str(position["latest"]),
        "changes": str(world.changes.last()),
        "everybody": "0",
    }


def _known(world: World, now: Instant) -> bool:
    """Note what is known of everybody before the first notice, some at a time; True when done."""
    after = world.hooks.progress("everybody")
    if after == "done":
        return True
    people = world.facts.read(_EVERYBODY, (int(after), BATCH)).column("person").to_pylist()
    fields = _fields(world, people)
    kept = {person: msgspec.json.encode(fields[person]) for person in people if person in fields}
    done = len(people) < BATCH
    world.hooks.keep([], {"everybody": "done" if done else str(people[-1])}, kept, now)
    return done


def _told(world: World, hooks: Sequence[Hook], now: Instant) -> Iterator[int]:
    """Yield how many notices each batch of people gave."""
    while True:
        after = int(world.hooks.progress("people"))
        rows = world.facts.read(_PEOPLE, (after, BATCH, 2**63 - 1)).to_pylist()
        if not rows:
            return
        until = rows[-1]["position"]
        people = [row["person"] for row in rows]
        at = {row["person"]: row["position"] for row in rows}
        before, fields = world.hooks.told(people), _fields(world, people)
        merged = _merged(world, after, until)
        changes = [_merge(home) for home in merged]
        for person in people:
            changes += _differences(person, at[person], before.get(person), fields.get(person))
        kept = {
            person: msgspec.json.encode(fields[person]) if person in fields else None
            for person in {*people, *(home.owner for home in merged)}
        }
        notices = [notice for change in changes for notice in _notices(hooks, change, now)]
        world.hooks.keep(notices, {"people": str(until)}, kept, now)
        yield len(notices)


def _fields(world: World, people: Sequence[PersonId]) -> dict[PersonId, dict[str, str]]:
    """Return of each person every field's name with a keyed hash of its value."""
    states = world.people.consent_states(people)
    return {
        person: {
            **_hashed(world.token_key, profile),
            **_words(states.get(person)),
        }
        for person, profile in world.people.profiles(people).items()
    }


def _hashed(key: bytes, profile: Profile) -> dict[str, str]:
    values = {**profile.traits, **({"email": profile.email} if profile.email else {})}
    return {
        name: hashlib.blake2b(
            msgspec.json.encode([profile.person, name, value]), key=key[:64], digest_size=8
        ).hexdigest()
        for name, value in values.items()
        if value is not None
    }


def _words(state: ConsentState | None) -> dict[str, str]:
    if state is None:
        return {}
    granted = {f"{CONSENT}{purpose}": "granted" for purpose in state.granted}
    return granted | {f"{CONSENT}{purpose}": "withdrawn" for purpose in state.withdrawn}


def _differences(
    person: PersonId, position: int, before: bytes | None, fields: dict[str, str] | None
) -> Iterator[Change]:
    """Yield what is to be told of one person."""
    if fields is None:
        return
    old: dict[str, str] = msgspec.json.decode(before) if before else {}
    differ = sorted(name for name in {*old, *fields} if old.get(name) != fields.get(name))
    changed = [name for name in differ if not name.startswith(CONSENT)]
    mark = f"{person}.{position}"
    if before is None:
        yield Change("person.created", mark, {"person": person, "changed": changed})
    elif changed:
        empty = not any(not name.startswith(CONSENT) for name in fields)
        kind: NoticeType = "person.forgotten" if empty else "person.updated"
        yield Change(kind, mark, {"person": person, "changed": changed})
    for name in differ:
        if name.startswith(CONSENT) and name in fields:
            purpose = name.removeprefix(CONSENT)
            said = {"person": person, "purpose": purpose, "granted": fields[name] == "granted"}
            yield Change("consent.changed", f"{mark}.{purpose}", said)


def _merged(world: World, after: int, until: int) -> list[Home]:
    """Return who was told of and has been found to be somebody else since."""
    moved = [
        home for home in world.people.ties.moved(after + 1, until + 1) if home.owner != home.person
    ]
    before = world.hooks.told([home.owner for home in moved])
    return [home for home in moved if home.owner in before]


def _merge(home: Home) -> Change:
    said = {"person": home.person, "merged": home.owner}
    return Change("person.merged", f"{home.position}.{home.owner}", said)


def _segments(world: World, hooks: Sequence[Hook], now: Instant) -> int:
    """Keep notices of who entered and left, in the order in which it was seen."""
    told = 0
    while rows := world.changes.after(_reached(world), BATCH):
        changes = [_moved(row) for row in rows]
        notices = [notice for change in changes for notice in _notices(hooks, change, now)]
        world.hooks.keep(notices, {"changes": str(rows[-1].sequence)}, {}, now)
        told += len(notices)
    return told


def _reached(world: World) -> int:
    """Return the change up to which was told; in a folder that kept no number, the last one."""
    return int(world.hooks.progress("changes") or world.changes.last())


def _moved(row: access.Change) -> Change:
    kind: NoticeType = "segment.entered" if row.entered else "segment.left"
    said = {
        "person": row.person, "segment": row.segment, "version": row.version,
        "at": moment(row.at), "cause": row.cause,
    }  # fmt: skip
    return Change(kind, f"{row.segment}.{row.person}.{row.sequence}", said)


def _held(world: World, hooks: Sequence[Hook], now: Instant) -> int:
    """Keep notices of streams that stand still since, and of those that go on again."""
    kept, standing = world.hooks.progress("held"), _standing(world, now)
    if kept == standing:
        return 0
    before: dict[str, tuple[str, Instant]] = msgspec.json.decode(kept or standing)
    held: dict[str, tuple[str, Instant]] = msgspec.json.decode(standing)
    changes = [
        _of_stream("delivery.held", name, *held[name]) for name in held if name not in before
    ]
    changes += [
        _of_stream("delivery.resumed", name, *before[name]) for name in before if name not in held
    ]
    notices = [notice for change in changes for notice in _notices(hooks, change, now)]
    world.hooks.keep(notices, {"held": standing}, {}, now)
    return len(notices)


def _standing(world: World, now: Instant) -> str:
    """Return, as kept, why and since when each stream or sending domain stands still."""
    held = {each.meter: (each.reason, each.since) for each in Pacing(world.lanes).held(now)}
    return msgspec.json.encode(held).decode()


def _of_stream(kind: NoticeType, stream: str, reason: str, since: Instant) -> Change:
    said = {"stream": stream, "reason": reason, "since": moment(since)}
    return Change(kind, f"{stream}.{since}", said)


def _notices(hooks: Sequence[Hook], change: Change, now: Instant) -> Iterator[Notice]:
    for hook in hooks:
        if change.type in hook.types:
            named = f"{hook.id} {change.type} {change.mark}".encode()
            id_ = f"msg_{hashlib.blake2b(named, digest_size=16).hexdigest()}"
            yield Notice(id_, hook.id, change.type, msgspec.json.encode(change.said), now, now)


# -- sending --------------------------------------------------------------------------------------


class Sending(NamedTuple):
    """With what notices are sent: how to post, the real clock, a draw, when to give up."""

    post: Post
    seconds: Callable[[], float]
    between: Callable[[float, float], float]
    give_up_after_days: float


def send_due(world: World, hook: Hook, sending: Sending, now: Instant) -> int:
    """Send what waits for a hook, in order, until one fails; return how many were taken."""
    taken = 0
    for notice in world.hooks.due(hook.id, now, AT_ONCE):
        answer = attempt(world, hook, notice, sending)
        if not _ended(world, hook, notice, answer, sending, now):
            break
        taken += 1
    return taken


def attempt(world: World, hook: Hook, notice: Notice, sending: Sending) -> Answer:
    """Post one notice once and return the answer."""
    secret = world.hooks.secret(hook.id)
    if secret is None:
        return Answer(0, "the hook was removed")
    body = content_of(world, hook, notice)
    headers = signed(secret, notice.id, int(sending.seconds()), body)
    return sending.post(hook.url, headers, body)


def content_of(world: World, hook: Hook, notice: Notice) -> bytes:
    """Return the body of a webhook: what happened, with the values that the hook asks for."""
    said = msgspec.json.decode(notice.content)
    person = world.people.survivor(said["person"]) if "person" in said else None
    if hook.fields and person is not None:
        profile = world.people.profiles([person]).get(person)
        named = set(hook.fields) & set(said.get("changed", hook.fields))
        values = {**profile.traits, "email": profile.email} if profile else {}
        said["traits"] = {name: values.get(name) for name in sorted(named)}
    return msgspec.json.encode(
        {"type": notice.type, "timestamp": moment(notice.created_at), "data": said}
    )


def _ended(
    world: World, hook: Hook, notice: Notice, answer: Answer, sending: Sending, now: Instant
) -> bool:
    """Keep how an attempt ended; return whether the receiver took it."""
    reply = answer.text[:REPLY_LENGTH]
    if 200 <= answer.status < 300:
        ended: dict[str, Any] = {"state": "delivered", "ended_at": now}
    else:
        ended = {"due_at": now + wait_after(notice.attempts, sending.between)}
    world.hooks.settle(msgspec.structs.replace(notice, status=answer.status, reply=reply, **ended))
    if "state" in ended:
        if hook.failing_since:
            world.hooks.mark(hook.id)
        return True
    since = hook.failing_since or now
    world.hooks.mark(
        hook.id, failing_since=since, disabled=_why_disabled(answer, now - since, sending)
    )
    return False


def wait_after(attempts: int, between: Callable[[float, float], float]) -> Instant:
    """Return how long to wait after so many failures before this one: longer each time."""
    longest = min(FIRST_WAIT * 4 ** min(attempts, 20), LONGEST_WAIT)
    return int(longest * between(0.8, 1.2))


def _why_disabled(answer: Answer, failing: Instant, sending: Sending) -> str:
    if answer.status == GONE:
        return "the receiver answered 410: it is gone"
    if failing >= sending.give_up_after_days * DAY:
        last = f"answered {answer.status}" if answer.status else answer.text[:REPLY_LENGTH]
        return f"it failed for {sending.give_up_after_days:g} days, the last time: {last}"
    return ""


def try_out(world: World, hook: Hook, sending: Sending, now: Instant, entropy: Entropy) -> Answer:
    """Send a notice of the type `test` now, once, and return the answer."""
    said = msgspec.json.encode({"hook": hook.id})
    notice = Notice(new_id("msg", now, entropy), hook.id, "test", said, now, now)
    return attempt(world, hook, notice, sending)


def secret_of(text: str) -> bytes:
    """Return the bytes of a secret as receivers write it down."""
    return b64decode(text.removeprefix(SECRET))

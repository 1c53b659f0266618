"""What became of a decision: its mail's stages, what it was made of, what was drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from tailorbird import journeys, letters
from tailorbird.errors import TailorbirdError
from tailorbird.letters.given import BY_CATEGORY
from tailorbird.outbox import Order, Trail
from tailorbird.readings.why_limits import why_refused
from tailorbird.readings.why_words import Told, clause, written
from tailorbird.schema import Consent, Decision, Instant, Names, PersonId, Purpose
from tailorbird.views import moment
from tailorbird.views.why import (
    Draw,
    Leave,
    MadeOf,
    ModelValue,
    Pick,
    Stage,
    WhyAnswer,
)
from tailorbird.world import World

BACK: Final = "bounced"
EDITIONS_KEPT: Final = 16
_EDITIONS: dict[tuple[str, str], letters.Edition] = {}
MILLION: Final = 1_000_000
_OF_SEND: Final = """
SELECT f.event, f."at", f.machine, COALESCE(MAX(p.text), '') AS text
FROM facts AS f LEFT JOIN properties AS p
    ON p.person = f.person AND p.position = f.position AND p.name IN ('url', 'reason')
WHERE f.person = $1 AND f.send_id = $2 AND f."at" <= $3 AND f.event <> $4
GROUP BY f.position, f.event, f."at", f.machine ORDER BY f."at", f.position
"""
_SCORES: Final = """
SELECT model, version, value, "at" FROM scores WHERE person = $1 AND "at" <= $2
QUALIFY ROW_NUMBER() OVER (PARTITION BY model ORDER BY "at" DESC, version DESC) = 1 ORDER BY model
"""
_WORDS: Final[Mapping[str, str]] = {
    Names.EMAIL_OPENED: "opened",
    Names.EMAIL_CLICKED: "clicked",
    Names.EMAIL_DELIVERED: "delivered",
    Names.EMAIL_DEFERRED: "deferred",
    Names.EMAIL_DROPPED: "dropped",
    Names.EMAIL_BOUNCED: BACK,
    Names.EMAIL_COMPLAINED: "complained",
    Names.UNSUBSCRIBED: "unsubscribed",
    Names.EMAIL_AUTO_REPLIED: "answered by a machine",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a decision: the answer, its stable reason, what the sentence says."""

    answer: WhyAnswer
    reason: str
    told: Told
    stages: tuple[Stage, ...]


def fate(world: World, decision: Decision, person: PersonId, at: Instant) -> Fate:
    """Return what had become of a decision at an instant."""
    when = moment(decision.at)
    first = Stage(when, "decided", _verdict(decision))
    if decision.verdict == "refused":
        kept = msgspec.json.decode(decision.inputs)
        told = Told(why_refused(world, decision.reason, kept), when)
        return Fate("refused", decision.reason, told, (first,))
    if decision.verdict == "holdout":
        told = Told(at=when, variant=decision.variant, probability=decision.probability)
        return Fate("held_out", "holdout", told, (first,))
    trail = world.ledger.trail(decision.id)
    ends = [(ended_at, end) for ended_at, end in trail.ends if ended_at <= at] if trail else []
    since = _since(world, decision, person, at)
    stages = (
        first,
        *(Stage(moment(ended_at), end.state, end.reply) for ended_at, end in ends),
        *since,
    )
    if not ends or ends[-1][1].state == "pending":
        answer, told = _waiting(world, decision, trail, at)
        return Fate(answer, "", told, stages)
    ended_at, end = ends[-1]
    left = Told(clause(end.reply), moment(ended_at), variant=decision.variant)
    back = next((stage for stage in since if stage.what == BACK), None)
    match end.state:
        case "sent" if back:
            return Fate("came_back", BACK, _with(left, clause=back.text or "bounced"), stages)
        case "sent":
            return Fate("sent", "", _with(left, response=_response(since)), stages)
        case "cancelled":
            return Fate("cancelled", end.reply, left, stages)
        case "unknown":
            return Fate("unknown", "", left, stages)
        case _:
            return Fate("failed", "failed", _with(left, clause=end.reply or "no word why"), stages)


def _with(told: Told, *, clause: str = "", response: str = "") -> Told:
    return Told(
        clause or told.clause, told.at, told.until, told.variant, told.probability,
        response or told.response,
    )  # fmt: skip


def _verdict(decision: Decision) -> str:
    drawn = f", drawn with probability {decision.probability:.1%}"
    match decision.verdict:
        case "send":
            return f"chosen for variant {decision.variant}{drawn}"
        case "holdout":
            return f"held out{drawn}"
        case _:
            return f"refused: {decision.reason}"


def _waiting(
    world: World, decision: Decision, trail: Trail | None, at: Instant
) -> tuple[WhyAnswer, Told]:
    """Return why a mail has not left: an order, a wait, a worker that has it in hand."""
    orders = world.ledger.standing()
    order = orders.get("") or orders.get(decision.campaign)
    if order is not None and order.at <= at:
        return "paused", Told(_ordered(order))
    if trail is None:
        return "waiting", Told()
    until = moment(trail.due_at) if trail.due_at > at else None
    last = trail.ends[-1][1] if trail.ends else None
    if last is not None and last.state == "pending" and last.retry_at > at:
        return "deferred", Told(last.reply, until=moment(last.retry_at))
    return ("being_sent" if trail.state == "claimed" else "waiting"), Told(until=until)


def _ordered(order: Order) -> str:
    what = f"the campaign {order.campaign}" if order.campaign else "all sending"
    why = f" ({order.reason})" if order.reason else ""
    return f"{what} stands still since {written(moment(order.at))}{why}"


def _since(world: World, decision: Decision, person: PersonId, at: Instant) -> list[Stage]:
    bound = (person, decision.id.hex(), at, Names.EMAIL_SENT)
    return [
        Stage(moment(row["at"]), _WORDS.get(row["event"], row["event"]), row["text"],
              row["machine"])
        for row in world.facts.read(_OF_SEND, bound).to_pylist()
    ]  # fmt: skip


def _response(since: Sequence[Stage]) -> str:
    """Return what a person did with her mail; what machines did counts for nothing."""
    done = {stage.what for stage in since if not stage.machine}
    said = [
        words
        for what, words in (
            ("opened", "she opened it"),
            ("clicked", "she clicked in it"),
            ("unsubscribed", "she unsubscribed by it"),
            ("complained", "she reported it as spam"),
        )
        if what in done
    ]
    if said:
        return " and ".join(said)
    if any(stage.machine for stage in since):
        return "only a machine has opened it since"
    return "nobody has opened it since"


# -- what it rests on ----------------------------------------------------------------------------


def leave(receipts: Sequence[Consent], purpose: Purpose, receipt: int, at: Instant) -> Leave:
    """Return a person's last word on a purpose up to an instant; `receipt` proved it, if any did.

    Receipts are oldest first; of equal instants the later one counts.
    """
    said = [each for each in receipts if each.purpose == purpose and each.at <= at]
    if not said:
        return Leave(purpose, "never asked", receipt)
    last = max(reversed(said), key=lambda each: each.at)
    state: Literal["granted", "withdrawn"] = "granted" if last.granted else "withdrawn"
    return Leave(purpose, state, receipt, last.wording_version, last.source, moment(last.at))


def draw(campaign: journeys.Campaign | None, decision: Decision) -> Draw | None:
    """Return what was drawn, among what; None where nothing was."""
    if decision.verdict == "refused":
        return None
    drawn = journeys.HOLDOUT if decision.verdict == "holdout" else decision.variant
    among = campaign.probabilities() if campaign else {}
    return Draw(drawn, decision.probability, among)


def edition_of(world: World, kept: Mapping[str, Any]) -> letters.Edition | None:
    """Return the edition that a decision was made with, None where it is gone or there is none."""
    digest = str(kept.get("edition", ""))
    key = (str(world.folder), digest)
    if digest and key not in _EDITIONS:
        try:
            found = letters.editions.kept(world, digest)
        except TailorbirdError:
            return None
        while len(_EDITIONS) >= EDITIONS_KEPT:
            _EDITIONS.pop(next(iter(_EDITIONS)), None)
        _EDITIONS[key] = found
    return _EDITIONS.get(key)


def made_of(
    world: World, edition: letters.Edition | None, decision: Decision, kept: Mapping[str, Any]
) -> MadeOf | None:
    """Return what a decision's mail was made of; None where it was refused."""
    if decision.verdict == "refused":
        return None
    template, version = edition.manifest.template if edition else ("", 0)
    return MadeOf(
        template=template,
        template_version=version,
        edition=str(kept.get("edition", "")),
        recommender_version=int(kept.get("recommender_version") or 0),
        recommended_by=str(kept.get("recommended_by") or ""),
        personalised=bool(kept.get("personalised")),
        picks=tuple(_picks(kept)),
        scores=tuple(_scores(world, decision)),
        traits={name: str(value) for name, value in (kept.get("traits") or {}).items()},
        because=tuple(letters.told_of(edition.slots if edition else (), kept)),
    )


def _picks(kept: Mapping[str, Any]) -> Iterator[Pick]:
    listed = list(kept.get("recommendations") or [])
    for products in (kept.get(BY_CATEGORY) or {}).values():
        listed += products
    for each in listed:
        item, name, reason = (str(each.get(word, "")) for word in ("item", "name", "reason"))
        yield Pick(item, name, reason, each.get("recommendation_score"))


def _scores(world: World, decision: Decision) -> Iterator[ModelValue]:
    for row in world.facts.read(_SCORES, (decision.person, decision.at)).to_pylist():
        yield ModelValue(row["model"], row["version"], row["value"] / MILLION, moment(row["at"]))

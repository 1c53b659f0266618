"""The sentences of `why`: one for every answer, one clause for every reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tailorbird.views.segments import Explanation, Reason
from tailorbird.views.why import WhyAnswer

CLAUSES: Final[Mapping[str, str]] = {
    "no_consent": "she has never agreed to get mails of this purpose",
    "withdrawn": "she has withdrawn her consent",
    "unknown_person": "nobody is known under this number any more",
    "no_address": "no e-mail address of hers is known",
    "merged": "she is one with another person, who was decided about herself",
    "cap": "she has had as many mails of late as are allowed",
    "displaced": "another mail took the last place that her limits left",
    "exclusive": "she belongs to another campaign or journey that excludes this one",
    "broken": "the mail could not be made at all",
    "quiet_hours": "it could not wait until the quiet hours ended",
    "chosen_frequency": "she has had as many mails of late as she chose to get",
    "complaint": "she reported a mail as spam, so that her address rests",
    "hard_bounce": "mails to her address came back for good, so that it rests",
    "import": "her address stands on an imported list of those who must not be written to",
    "invalid": "her address is not valid",
    "manual": "somebody has barred her address by hand",
    "spam_trap": "her address is a spam trap",
    "unsubscribed": "she has unsubscribed",
    "cancelled": "the campaign was cancelled",
    "confirmed": "she had confirmed already",
    "expired": "what she asked for was not confirmed in time",
    "unknown_request": "the request that it was to confirm is gone",
}
"""Why not, by the stable name that the ledger keeps: what follows `She did not get it: `."""
BEGINNINGS: Final[Mapping[str, str]] = {
    "missing ": "the mail would print {rest}, of which nothing is known",
    "same address as send ": "the same mail went to her address already, as send {rest}",
    "cancelled: ": "the campaign was cancelled ({rest})",
}
"""As `CLAUSES`, for reasons that say more after their beginning."""
OUTCOMES: Final[Mapping[WhyAnswer, str]] = {
    "sent": "She got it on {when}{variant}: {response}.",
    "came_back": "She did not get it: it left on {when} and came back ({clause}).",
    "waiting": "She has not got it yet: it waits to be sent{until}.",
    "paused": "She has not got it yet: {clause}.",
    "deferred": "She has not got it yet: her mail server asked to wait{until} ({clause}).",
    "being_sent": "She has not got it yet: it is being sent right now.",
    "unknown": "Nobody knows whether she got it: it left on {when}, and no answer came.",
    "failed": "She did not get it: it could not be sent ({clause}).",
    "cancelled": "She did not get it: {clause}; that came out when it was about to leave.",
    "refused": "She did not get it: {clause}.",
    "held_out": "She did not get it: she was held out, to see what it changes{probability}.",
    "shadow": "She did not get it: the journey only tries what it would send.",
    "not_in_audience": "She did not get it: {clause}.",
    "excluded": "She did not get it: {clause}.",
    "not_known_then": "She did not get it: she was not known yet when it was decided on {when}.",
    "told_later": "She did not get it: when it was decided on {when}, what makes her belong to the "
    "audience had not come in.",
    "not_decided": "She has not got it: nobody has been decided for it yet; {clause}.",
    "not_entered": "She did not get it: {clause}.",
    "in_journey": "She has not got it yet: {clause}.",
    "left_journey": "She did not get it: {clause}.",
}
_SUBJECTS: Final[Mapping[str, str]] = {
    "recency_days": "her last order is {value} days old",
    "orders": "her orders number {value}",
    "tier": "her tier is {value}",
    "country": "her country is {value}",
}
"""How a trait's value is told, for those that are asked for most."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence says beside its outcome; what is not known is empty."""

    clause: str = ""
    at: datetime | None = None
    until: datetime | None = None
    variant: str = ""
    probability: float = 1.0
    response: str = "nobody has opened it since"


def sentence(answer: WhyAnswer, told: Told) -> str:
    """Return the one sentence that says what became of a person and a campaign."""
    drawn = told.probability
    return OUTCOMES[answer].format(
        clause=told.clause,
        when=written(told.at) if told.at else "a day that nobody kept",
        until=f" until {written(told.until)}" if told.until else "",
        variant=f", variant {told.variant}" if told.variant else "",
        probability=f" (drawn with probability {drawn:.1%})" if drawn < 1 else "",
        response=told.response,
    )


def clause(reason: str) -> str:
    """Return a reason in words; one that has none is told as it is kept."""
    if reason in CLAUSES:
        return CLAUSES[reason]
    for beginning, words in BEGINNINGS.items():
        if reason.startswith(beginning):
            return words.format(rest=reason.removeprefix(beginning))
    return reason.replace("_", " ")


def has_words(reason: str) -> bool:
    """Return whether a reason has words of its own."""
    return reason in CLAUSES or any(reason.startswith(each) for each in BEGINNINGS)


def lack(found: Explanation) -> str:
    """Return by what somebody fails to belong to an audience, and by how much."""
    failing = list(_failing(found))
    told = "; ".join(map(_leaf, failing[:2]))
    more = len(failing) - 2
    return (told or f"she is not in the segment {found.segment}") + (
        f"; and {more} more of its conditions fail" if more > 0 else ""
    )


def written(at: datetime) -> str:
    """Return an instant as sentences have it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _failing(found: Explanation) -> Iterator[Reason]:
    """Yield the conditions that would have to turn, the fewest; else those that do not hold."""
    turns = [each.text for each in found.outlook.turns] if found.outlook else []
    leaves = {leaf.text: leaf for leaf in _leaves(found.reason)}
    named = [leaves[text] for text in turns if text in leaves]
    yield from named or [leaf for leaf in leaves.values() if not leaf.holds]


def _leaves(reason: Reason) -> Iterator[Reason]:
    if not reason.parts:
        yield reason
    for part in reason.parts:
        yield from _leaves(part)


def _leaf(leaf: Reason) -> str:
    """Return how a condition fails: what it asks, what there is."""
    if leaf.text.startswith("did ") and not leaf.holds:
        return f"she {_undone(leaf)}"
    asked = leaf.threshold
    if leaf.holds or not asked:
        last = f", last on {written(leaf.evidence[0].at)}" if leaf.evidence else ""
        named = f" ({leaf.evidence[0].text})" if leaf.evidence and leaf.evidence[0].text else ""
        ends = "which the audience rules out" if leaf.holds else "as the audience asks, is not so"
        return f"«{leaf.text}»{last}{named}, {ends}"
    name = leaf.text.removesuffix(asked).strip()
    value = leaf.value or "not known"
    there = _SUBJECTS.get(name, f"her {name.removeprefix('the ')} is {{value}}")
    wanted = asked.removeprefix("is ")
    asks = "asks for" if asked.startswith("is ") else "asks that it"
    if not leaf.value:
        there = f"her {name.removeprefix('the ').replace('_', ' ')} is not known"
    return f"{there.format(value=value).replace('_', ' ')}; the audience {asks} {wanted}"


def _undone(leaf: Reason) -> str:
    """Return that something was not done, or not often enough."""
    act = leaf.text.removeprefix("did ")
    if leaf.value in ("", "0"):
        return f"did no {act}, which the audience asks for"
    how = leaf.threshold.removeprefix("is ")
    return f"did {act}: {leaf.value}; the audience asks for {how}"

"""What AMP parts ask for when they are read: products as they are now, and answers to surveys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tailorbird.collect.forms_messages import COMMENT, category
from tailorbird.content import compile as compiled
from tailorbird.letters import editions
from tailorbird.letters.picks import recommendations
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Body, ConsentState, Decision, Instant, PersonId, Purpose, Scalar
from tailorbird.tracking import events
from tailorbird.tracking.tokens import WEB_ADDRESS, Sealer
from tailorbird.tracking.utm import tagged
from tailorbird.world import World

RECOMMENDATIONS: Final = "recommendations"
SURVEY: Final = "survey"
FEEDS: Final = (RECOMMENDATIONS, SURVEY)
"""The names that a template may read as `amp.NAME`."""
FIRST_LINK: Final = 60_000
"""The number of the first link of a feed, beyond those of the mail itself."""
USUAL: Final = 4
"""Products of a feed where the mail itself shows none."""
_PRICE: Final = compiled("{{ price_minor | money: currency }}", name="price")

Entry = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What somebody answered in a mail: a mark from 0 to 10, her own words, or both."""

    score: int | None = None
    comment: str = ""
    question: str = ""


def recommended(world: World, send_id: bytes, now: Instant) -> list[Entry] | None:
    """Return the products for the person behind a send, best first; None when it is unknown.

    Who does not agree to personalisation (any more) sees what is popular, and who does not agree to
    tracking gets bare links.
    """
    found = _person(world, send_id)
    if found is None:
        return None
    decision, person, state = found
    personal = {person} if _agrees(state, person, "personalisation", now) else set()
    decided = msgspec.json.decode(decision.inputs).get("recommendations") or ()
    number = len(decided) or USUAL
    chosen, _ = recommendations(world, [person], personal, number, now)
    tracked = _agrees(state, person, "tracking", now)
    products, link = chosen.get(person, []), _link(world, decision, tracked=tracked)
    return [_entry(each, link(str(each["url"]), FIRST_LINK + n)) for n, each in enumerate(products)]


def answered(world: World, send_id: bytes, answer: Answer, now: Instant) -> bool:
    """Tell the log an answer, durably; False when the send is unknown.

    Of the answers of one mail the first counts.
    """
    found = _person(world, send_id)
    if found is None:
        return False
    decision, person, _ = found
    said: dict[str, Scalar] = {"question": answer.question} if answer.question else {}
    if answer.score is not None:
        said |= {"score": answer.score, "category": category(answer.score)}
    if answer.comment:
        said[COMMENT] = answer.comment
    event = events.surveyed_event(
        send_id,
        person=person,
        campaign=decision.campaign,
        variant=decision.variant,
        at=now,
        said=said,
    )
    world.log.append([Body("tracking", now, msgspec.json.encode(event))])
    return True


def _person(world: World, send_id: bytes) -> tuple[Decision, PersonId, ConsentState] | None:
    """Return the decision behind a send and the person she is now; None once she was erased."""
    decision = world.ledger.decision(send_id)
    if decision is None or decision.verdict != "send":
        return None
    person = world.people.survivor(decision.person)
    state = world.people.consent_states([person]).get(person) if person else None
    return (decision, person, state) if person and state else None


def _agrees(state: ConsentState, person: PersonId, purpose: Purpose, now: Instant) -> bool:
    return isinstance(permit(state, person, purpose, now), Permit)


def _link(world: World, decision: Decision, *, tracked: bool) -> Callable[[str, int], str]:
    """Return what makes a product's address the link that its mail would carry."""
    edition = _edition(world, decision)
    tags = edition.campaign.tags(decision.variant) if edition else {}
    base = edition.manifest.base_url if edition else world.settings.server.base_url.rstrip("/")
    seal = Sealer(world.token_key).seal

    def made(url: str, number: int) -> str:
        url = tagged(url, tags)
        if not tracked or not WEB_ADDRESS.fullmatch(url):
            return url
        return f"{base}/c/{seal('click', decision.id, link=number, url=url)}"

    return made


def _edition(world: World, decision: Decision) -> editions.Edition | None:
    digest = str(msgspec.json.decode(decision.inputs).get("edition") or "")
    return editions.kept(world, digest) if digest else None


def _entry(product: Entry, url: str) -> Entry:
    """Return a product as `amp-mustache` prints it; its score and reason are nobody's business."""
    price = product["price_minor"]
    shown = {name: product[name] for name in ("item", "name", "category", "image")}
    return {**shown, "url": url, "price": _PRICE.render(product) if price else ""}

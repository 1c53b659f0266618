"""What AMP parts ask for when they are read: products as they are now, and answers to surveys."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tailorbird.collect.forms_messages import COMMENT, category
from tailorbird.content import compile as compiled
from tailorbird.letters.picks import recommendations
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Body, ConsentState, Decision, Instant, PersonId, Purpose, Scalar
from tailorbird.tracking import events
from tailorbird.tracking.tokens import WEB_ADDRESS, Sealer
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
    products = chosen.get(person, [])
    return [
        _entry(world, each, send_id, FIRST_LINK + n, tracked) for n, each in enumerate(products)
    ]


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


def _entry(world: World, product: Entry, send_id: bytes, link: int, tracked: bool) -> Entry:
    """Return a product as `amp-mustache` prints it; its score and reason are nobody's business."""
    url, price = str(product["url"]), product["price_minor"]
    if tracked and WEB_ADDRESS.fullmatch(url):
        base = world.settings.server.base_url.rstrip("/")
        url = f"{base}/c/{Sealer(world.token_key).seal('click', send_id, link=link, url=url)}"
    shown = {name: product[name] for name in ("item", "name", "category", "image")}
    return {**shown, "url": url, "price": _PRICE.render(product) if price else ""}

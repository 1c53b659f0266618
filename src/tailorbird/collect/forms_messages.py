"""What a submission tells the log: who answered, what she agreed to, and that it happened.

Telling it twice is telling it once: every message id is made of the submission's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tailorbird.collect.bodies import BodyError, shape
from tailorbird.collect.forms import CHOSEN, EMAIL_TRAIT, Field, Form
from tailorbird.collect.forms_answers import Value
from tailorbird.collect.forms_trap import Suspicion
from tailorbird.schema import Instant, Names, PersonId, Scalar

SOURCE: Final = "forms"
SUBMITTED: Final = "form_submitted"
CONFIRMED: Final = "form_confirmed"
SURVEYED: Final = "survey_answered"
VERIFIED: Final = "email_verified"
COMMENT: Final = "comment"
PASSIVE: Final = 7
PROMOTER: Final = 9
"""Marks from which an answer is passive, and from which it promotes."""

Message = dict[str, Any]


class Submission(msgspec.Struct, frozen=True):
    """One form, filled in by somebody. `id` names it for good; a reload gives the same.

    `person` is said where a signed link told who it is. `confirmed_at` is when the owner of the
    address confirmed it, or proved it by such a link; 0 while nobody has. `after` is the earlier
    submission of the same browser that gave the address: a later page waits for it as well.
    """

    id: str
    form: str
    version: int
    at: Instant
    anonymous_id: str
    values: dict[str, Value] = {}
    person: PersonId = 0
    confirmed_at: Instant = 0
    after: str = ""


def body(form: Form, submission: Submission, suspected: Suspicion = "") -> bytes:
    """Return the log body of a submission.

    Where the address must be confirmed first, it holds no address, trait, answer or consent as
    such: they wait in the context of its message, and `requested` reads them when the time comes.
    """
    waits = form.double_opt_in and not submission.confirmed_at
    told = _waiting(submission) if waits else _accepted(form, submission)
    messages = [_dressed(message, submission, suspected) for message in told]
    return msgspec.json.encode({"batch": messages})


def requested(content: bytes) -> Submission | None:
    """Return the submission that waits in a log body, None when there is none."""
    try:
        for raw in shape(content).messages:
            context = msgspec.json.decode(raw).get("context") or {}
            if "form" in context:
                return msgspec.convert(context["form"], Submission)
    except (BodyError, msgspec.MsgspecError, UnicodeDecodeError, AttributeError):
        return None
    return None


def agreed(form: Form, submission: Submission) -> list[str]:
    """Return the wordings that were agreed to."""
    consents = form.of_kind("consent")
    return [field.wording for field in consents if submission.values.get(field.name) is True]


def address(form: Form, submission: Submission) -> str:
    """Return the address that was given, or ''."""
    value = submission.values.get(form.email.name) if form.email else None
    return value if isinstance(value, str) else ""


def category(score: int) -> str:
    """Return what an NPS mark makes of a person.

    >>> category(6), category(8), category(9)
    ('detractor', 'passive', 'promoter')
    """
    if score < PASSIVE:
        return "detractor"
    return "passive" if score < PROMOTER else "promoter"


def _waiting(submission: Submission) -> Iterator[Message]:
    first: dict[str, Scalar] = {"after": submission.after} if submission.after else {}
    message = _track(SUBMITTED, submission, {"pending": True, **first})
    yield message | {"context": {"form": msgspec.to_builtins(submission)}}


def _accepted(form: Form, submission: Submission) -> Iterator[Message]:
    traits = _traits(form, submission)
    if traits:
        yield _identify(submission, traits)
    confirmed = bool(submission.confirmed_at) and form.double_opt_in
    yield _track(CONFIRMED if confirmed else SUBMITTED, submission, _properties(form, submission))
    for field in form.of_kind("consent"):
        if submission.values.get(field.name) is True:
            yield _consent(field, submission)
    for field in form.of_kind("nps"):
        score = submission.values.get(field.name)
        if isinstance(score, int):
            yield _survey(form, field, score, submission)


def _traits(form: Form, submission: Submission) -> dict[str, Scalar]:
    traits: dict[str, Scalar] = {}
    for field in form.fields:
        value = submission.values.get(field.name)
        if value is None or not field.fills:
            continue
        traits[field.fills] = _plain(value)
        if field.kind == "choices" and isinstance(value, tuple | list):
            traits |= {f"{field.fills}_{choice}": choice in value for choice in field.choices}
    if EMAIL_TRAIT in traits and submission.confirmed_at:
        traits[VERIFIED] = True
    return traits


def _properties(form: Form, submission: Submission) -> dict[str, Scalar]:
    """Return the answers that the event keeps: what was chosen, and what asks for a property."""
    found: dict[str, Scalar] = {}
    for field in form.fields:
        value = submission.values.get(field.name)
        if value is not None and field.notes:
            found[field.notes] = _plain(value)
            if field.kind in CHOSEN:
                found[field.name] = _plain(value)
    return found


def _survey(form: Form, field: Field, score: int, submission: Submission) -> Message:
    said = next(
        (submission.values.get(f.name) for f in form.fields if f.property_ == COMMENT), None
    )
    properties: dict[str, Scalar] = {
        "question": field.name,
        "score": score,
        "category": category(score),
    }
    if isinstance(said, str):
        properties[COMMENT] = said
    return _track(SURVEYED, submission, properties, part=field.name)


def _consent(field: Field, submission: Submission) -> Message:
    evidence = {
        "form": submission.form,
        "form_version": submission.version,
        "submission": submission.id,
        "requested_at": iso(submission.at),
    }
    if submission.confirmed_at:
        evidence["confirmed_at"] = iso(submission.confirmed_at)
    said = {
        field.purpose: True,
        "wordingVersion": field.version,
        "evidence": msgspec.json.encode(evidence).decode(),
    }
    message = _track(Names.CONSENT_CHANGED, submission, {}, part=field.name)
    return message | {"context": {"consent": said}}


def _identify(submission: Submission, traits: dict[str, Scalar]) -> Message:
    return {"type": "identify", "traits": traits, "messageId": _id(submission, "identify")}


def _track(
    event: str, submission: Submission, properties: dict[str, Scalar], part: str = ""
) -> Message:
    about: dict[str, Scalar] = {
        "form": submission.form,
        "form_version": submission.version,
        "submission": submission.id,
    }
    mark = _id(submission, f"{event}:{part}" if part else event)
    return {"type": "track", "event": event, "messageId": mark, "properties": properties | about}


def _id(submission: Submission, part: str) -> str:
    done = "+" if submission.confirmed_at else ""
    return f"{submission.id}{done}:{part}"


def _dressed(message: Message, submission: Submission, suspected: Suspicion) -> Message:
    """Return a message with who did it, when, and what is suspected."""
    context = dict(message.get("context", {}))
    if submission.person:
        context["personId"] = submission.person
    if suspected:
        context["suspected"] = suspected
    at = submission.confirmed_at or submission.at
    dressed = message | {"anonymousId": submission.anonymous_id, "timestamp": iso(at)}
    return dressed | ({"context": context} if context else {})


def _plain(value: Value | list[str]) -> Scalar:
    plain = ",".join(value) if isinstance(value, tuple | list) else value
    return None if plain == "" else plain


def iso(at: Instant) -> str:
    """Return an instant as ISO 8601 in UTC."""
    seconds, micros = divmod(at, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")

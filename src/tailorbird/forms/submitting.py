"""From a visitor's answers to a durable submission."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

import msgspec

from tailorbird.collect.forms import Field, Form
from tailorbird.collect.forms_answers import Value
from tailorbird.collect.forms_messages import SOURCE, Submission, address, body
from tailorbird.collect.forms_trap import Suspicion
from tailorbird.privacy.permit import LIFTED_BY_REQUEST
from tailorbird.schema import Body, Scalar
from tailorbird.world import World


def anonymous_id(world: World, address: str) -> str:
    """Return the name under which the log knows a visitor by the address that she gave.

    The same address has the same name, nobody can make it without the folder's key, and it is used
    with this address alone: no form can join two people.
    """
    said = b"form address\x00" + address.lower().encode("utf-8", "surrogatepass")
    return "form-" + hmac.digest(world.token_key, said, "sha256")[:16].hex()


def submission_id(nonce: str, values: Mapping[str, Value]) -> str:
    """Return what names a submission: the page it was sent from, and what it says."""
    said = msgspec.json.encode((nonce, dict(values)), order="sorted")
    return hashlib.blake2b(said, digest_size=12).hexdigest()


def submit(world: World, form: Form, submission: Submission, suspected: Suspicion = "") -> None:
    """Keep a submission durably; telling it again changes nothing.

    One that a machine is suspected of is kept as well, and held in quarantine when it is read. Who
    had unsubscribed and agrees to mails by her own hand is taken up again.
    """
    if submission.confirmed_at and not suspected and _agrees_to_mails(form, submission):
        profile = world.people.profiles([submission.person]).get(submission.person)
        given = address(form, submission) or (profile.email if profile else "")
        for reason in LIFTED_BY_REQUEST:
            world.people.lift([given], reason, submission.confirmed_at)
    content = body(form, submission, suspected)
    world.log.append([Body(SOURCE, submission.confirmed_at or submission.at, content)])


def emptied(
    form: Form, asked: Iterable[Field], values: Mapping[str, Value], stored: Mapping[str, Scalar]
) -> dict[str, Value]:
    """Return the answers, with an empty one for each stored value that was shown and taken away."""
    gone: dict[str, Value] = {
        field.name: () if field.kind == "choices" else ""
        for field in asked
        if field.name not in values and stored.get(form.key(field)) not in (None, "", False)
    }
    return {**values, **gone}


def _agrees_to_mails(form: Form, submission: Submission) -> bool:
    return any(
        field.purpose == "email_marketing" and submission.values.get(field.name) is True
        for field in form.of_kind("consent")
    )

"""The API of what comes back about mails: how much of what, and mails that somebody hands in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from litestar import post
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter, RawBody
from litestar.types import ControllerRouterHandler

from tailorbird import returning
from tailorbird.delivery.feedback import read
from tailorbird.delivery.feedback.mime import LARGEST
from tailorbird.readings import feedback
from tailorbird.schema import DAY
from tailorbird.views.feedback import (
    FeedbackExplained,
    FeedbackSummary,
    FeedbackTaken,
    OutcomeSeen,
)
from tailorbird.web.asking import AT_CONSOLE, WRITING, At, Now, Text, instant_of, reads

DAYS: Final = 30
Since = Annotated[
    datetime | None, QueryParameter(description="Only what happened since; 30 days when left out.")
]


@reads("/feedback/summary", "What came back", "feedback")
def get_feedback(desk: At, now: Now, since: Since = None, campaign: Text = "") -> FeedbackSummary:
    """Return bounces, complaints and answers by the door through which they came and by reason.

    Those of one campaign, where one is named.
    """
    start = now - DAYS * DAY if since is None else instant_of(since, now)
    return feedback.summary(desk.world, start, campaign)


@post("/feedback/mails", summary="Hand in a mail that came back", tags=["feedback"],
      status_code=200, responses=WRITING, request_max_body_size=LARGEST, **AT_CONSOLE)  # fmt: skip
def take_mail(desk: At, body: RawBody) -> FeedbackTaken:
    """Take a mail, as it is, into the log; it is read like one that came to the mailbox.

    The body is the mail itself (RFC 5322). Only what it proves to be about a mail that was sent
    from here reaches a person.
    """
    if not body.strip():
        raise ValidationException("the body is empty: send the mail itself")
    offset = desk.world.log.append([returning.body(body, desk.clock())])
    desk.settled(offset, "")
    return FeedbackTaken(offset)


@post("/feedback/mails/explain", summary="Explain a mail that came back", tags=["feedback"],
      status_code=200, responses=WRITING, request_max_body_size=LARGEST, **AT_CONSOLE)  # fmt: skip
def explain_mail(body: RawBody) -> FeedbackExplained:
    """Say what a mail, as it is, would be taken for; nothing of it is kept."""
    if not body.strip():
        raise ValidationException("the body is empty: send the mail itself")
    return FeedbackExplained(
        tuple(
            OutcomeSeen(each.kind, each.recipient, each.why, each.status, each.diagnostic)
            for each in read(body)
        )
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [get_feedback, take_mail, explain_mail]

"""Journeys as authors write them, flattened to steps that know who comes next.

name: cart-recovery
trigger: {event: add_to_cart}
who: {segment: gold}                              # asked at entry, and again before each send
exit_when: {event: purchase}                      # since entry
reentry: 7d                                       # or never, or always
goal: {event: purchase, within: 7d}
steps:
  - wait: 1h
  - send: cart-1
    template: cart
    subject: You left something behind
  - wait_for: {event: email_clicked, since: step}
    timeout: 1d
    then: [{exit: clicked}]
  - send: cart-2
    template: cart
    subject: Still there

Nested lists are flattened: each step has an id, its author's or its place ("3.then.1"), and names
the step that follows; "" is the end. Conditions stay as they were written: the story parses them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from tailorbird.journeys.campaign import COMMON_PRIORITY, Campaign, Name
from tailorbird.schema import Instant, Purpose, Scalar

StepId: TypeAlias = str
"""The author's name of a step, or its place; '' stands for the end of the journey."""
Duration: TypeAlias = int
"""Microseconds."""
Condition: TypeAlias = dict[str, Any]
"""As written: `segment`, `is`, `event`, `all`, `any` or `not`."""
END: Final = ""


# -- what starts, ends and bounds a journey -----------------------------------------------------


class EventTrigger(msgspec.Struct, frozen=True, tag="event"):
    """Whoever does this; `where` is read as a segment's `where` of an event."""

    event: str
    where: dict[str, Any] = {}
    late: Duration = 3_600_000_000
    """What reaches us so long after it happened sets nothing off any more."""


class SegmentTrigger(msgspec.Struct, frozen=True, tag="segment"):
    """Whoever enters a segment, or leaves it."""

    segment: str
    on: Literal["entry", "exit"] = "entry"


class DateTrigger(msgspec.Struct, frozen=True, tag="date"):
    """Whose date is so many days away, at a time of her day; `yearly` for anniversaries."""

    trait: str
    days: int = 0
    """After the date; before it where negative."""
    at_minute: int = 9 * 60
    yearly: bool = False


StockNews: TypeAlias = Literal["price_drop", "back_in_stock", "low_stock"]


class StockTrigger(msgspec.Struct, frozen=True, tag="stock"):
    """Who showed an interest, of late, in a product of which there is news."""

    news: StockNews
    interest: str = "product_viewed"
    within: Duration = 30 * 86_400_000_000
    least_percent: int = 5
    """By how much a price must have dropped."""
    at_most: int = 3
    """How many pieces are few."""


class CallTrigger(msgspec.Struct, frozen=True, tag="call"):
    """Whoever is named in a call of the API."""


Trigger: TypeAlias = EventTrigger | SegmentTrigger | DateTrigger | StockTrigger | CallTrigger


class Goal(msgspec.Struct, frozen=True):
    """What the journey is for, and until when it counts after entry."""

    event: str
    where: dict[str, Any] = {}
    within: Duration = 14 * 86_400_000_000


class SkipAhead(msgspec.Struct, frozen=True):
    """Who is like this goes on at a later step, from wherever she waits before it."""

    condition: Condition
    to: StepId


# -- steps --------------------------------------------------------------------------------------


class Wait(msgspec.Struct, frozen=True, tag="wait"):
    """Wait so long; until an instant; or, after so long, until a local hour or weekday comes."""

    id: StepId
    next: StepId
    duration: Duration = 0
    until: Instant | None = None
    at_minute: int | None = None
    """Minute of the person's local day."""
    weekdays: tuple[int, ...] = ()
    """1 is Monday."""


class WaitFor(msgspec.Struct, frozen=True, tag="wait_for"):
    """Wait until a condition holds, at most until the time-out."""

    id: StepId
    condition: Condition
    timeout: Duration
    met: StepId
    unmet: StepId


class Way(msgspec.Struct, frozen=True):
    """One way out of a branch."""

    condition: Condition
    next: StepId


class Branch(msgspec.Struct, frozen=True, tag="branch"):
    """The first way whose condition holds, or else the last."""

    id: StepId
    ways: tuple[Way, ...]
    otherwise: StepId


class Share(msgspec.Struct, frozen=True):
    """One arm of a split."""

    name: str
    share: float
    next: StepId


class Split(msgspec.Struct, frozen=True, tag="split"):
    """An experiment: a keyed hash of the person draws the arm, with its probability on record."""

    id: StepId
    arms: tuple[Share, ...]


class Send(msgspec.Struct, frozen=True, tag="send"):
    """A mail, under the arbiter; the message is a campaign named JOURNEY/STEP."""

    id: StepId
    next: StepId
    message: Campaign
    refused: StepId
    """Where she goes on who may not be written to; `next` where the author does not say."""
    failed: StepId
    """The error path: where she goes on whose mail cannot be made."""


class Recommend(msgspec.Struct, frozen=True, tag="recommend"):
    """Choose products now and keep them for the steps that follow, as `journey.NAME`."""

    id: StepId
    next: StepId
    name: str
    count: int
    failed: StepId
    rules: str = "default"
    """Of recommendation, by which they are chosen."""


class Update(msgspec.Struct, frozen=True, tag="update"):
    """Say traits of the person, put her on a list or take her off it."""

    id: StepId
    next: StepId
    traits: dict[str, Scalar] = {}
    list: str = ""
    act: Literal["traits", "add", "remove"] = "traits"


class Webhook(msgspec.Struct, frozen=True, tag="webhook"):
    """Tell one of the webhooks of the settings; `failed` is taken when it gives up."""

    id: StepId
    next: StepId
    hook: str
    failed: StepId


class Jump(msgspec.Struct, frozen=True, tag="jump"):
    """Go on at another step, at most so often; then, or where the condition fails, at `next`."""

    id: StepId
    next: StepId
    to: StepId
    most: int = 1
    condition: Condition | None = None


class Reach(msgspec.Struct, frozen=True, tag="goal"):
    """Count the goal as reached, and go on."""

    id: StepId
    next: StepId
    name: str


class Exit(msgspec.Struct, frozen=True, tag="exit"):
    """Leave, with a reason."""

    id: StepId
    reason: str


Step: TypeAlias = (
    Wait | WaitFor | Branch | Split | Send | Recommend | Update | Webhook | Jump | Reach | Exit
)


class Journey(msgspec.Struct, frozen=True):
    """A graph of steps, who enters it, who leaves it, and how often anybody may."""

    name: Name
    trigger: Trigger
    steps: dict[StepId, Step]
    first: StepId
    description: str = ""
    who: Condition | None = None
    exit_when: Condition | None = None
    skip_ahead: tuple[SkipAhead, ...] = ()
    reentry: Duration | None = None
    """How long after an entry the next one may be; None: never again; 0: at any time."""
    several: bool = False
    """Whether somebody may be in it more than once at a time, once for each thing of `per`."""
    per: str = ""
    """The property of the trigger that tells one entry from another: an order, a product."""
    dedupe: Duration = 0
    """Triggers of one person (and `per`) that come so close together count once."""
    restart: bool = False
    """Whether a trigger of somebody who is in it has her begin anew."""
    holdout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    goal: Goal | None = None
    purpose: Purpose = "email_marketing"
    priority: int = COMMON_PRIORITY
    exclusive: str = ""
    """A group of journeys and campaigns of which a person is in one at a time."""
    mode: Literal["live", "shadow", "paused"] = "live"

    def message(self, step: StepId) -> Campaign | None:
        """Return the campaign of a send step; its name is JOURNEY/STEP."""
        found = self.steps.get(step)
        return found.message if isinstance(found, Send) else None

    def messages(self) -> tuple[Campaign, ...]:
        """Return the campaigns of all its sends."""
        return tuple(step.message for step in self.steps.values() if isinstance(step, Send))


def successors(step: Step) -> tuple[StepId, ...]:
    """Return every step that may follow, error paths included."""
    match step:
        case WaitFor():
            return step.met, step.unmet
        case Branch():
            return (*(way.next for way in step.ways), step.otherwise)
        case Split():
            return tuple(arm.next for arm in step.arms)
        case Send():
            return step.next, step.refused, step.failed
        case Recommend() | Webhook():
            return step.next, step.failed
        case Jump():
            return step.to, step.next
        case Exit():
            return ()
        case _:
            return (step.next,)

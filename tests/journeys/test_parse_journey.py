"""A journey's YAML becomes a flat graph, and what is wrong in it is told by line, step and mend."""

from __future__ import annotations

import pytest

from tailorbird import journeys
from tailorbird.errors import DefinitionError
from tailorbird.journeys.journey import (
    Branch,
    CallTrigger,
    DateTrigger,
    EventTrigger,
    Exit,
    Jump,
    Reach,
    Recommend,
    SegmentTrigger,
    Send,
    Split,
    Step,
    StockTrigger,
    Trigger,
    Update,
    Wait,
    WaitFor,
    Webhook,
)
from tailorbird.schema import DAY, HOUR, MINUTE

FILE = "journeys/cart.yaml"
HEAD = "name: cart\ntrigger: {event: add_to_cart}\n"


def of(steps: str, head: str = HEAD) -> journeys.Journey:
    return journeys.parse_journey(f"{head}steps:\n{steps}", FILE)


def one(steps: str) -> Step:
    journey = of(steps)
    return journey.steps[journey.first]


def send(name: str) -> str:
    return f"{{send: {name}, template: cart, subject: Hello}}"


def test_a_journey_is_read_whole() -> None:
    journey = of(
        f"  - wait: 1h\n  - {send('first')}\n",
        "name: cart\ndescription: Left in the cart\ntrigger: {event: add_to_cart}\n"
        "who: {segment: gold}\nexit_when: {event: purchase}\nreentry: 7d\nseveral: true\n"
        "per: order_id\ndedupe: 10m\nholdout: 0.1\nexclusive: recovery\nmode: shadow\n"
        "priority: 2\ngoal: {event: purchase, within: 3d}\n"
        "skip_ahead: [{if: {segment: vip}, to: first}]\n",
    )
    assert journey.who == {"segment": "gold"}
    assert journey.exit_when == {"event": "purchase"}
    assert (journey.reentry, journey.dedupe) == (7 * DAY, 10 * MINUTE)
    assert (journey.several, journey.per, journey.holdout) == (True, "order_id", 0.1)
    assert (journey.exclusive, journey.mode, journey.priority) == ("recovery", "shadow", 2)
    assert journey.goal is not None
    assert journey.goal.within == 3 * DAY
    assert journey.skip_ahead[0].to == "first"
    assert journey.first == "1"


def test_re_entry_is_never_unless_it_is_said() -> None:
    steps = f"  - {send('first')}\n"
    assert of(steps).reentry is None
    assert of(steps, HEAD + "reentry: never\n").reentry is None
    assert of(steps, HEAD + "reentry: always\n").reentry == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{event: add_to_cart, where: {item: mug}}", EventTrigger("add_to_cart", {"item": "mug"})),
        ("{segment: gold}", SegmentTrigger("gold")),
        ("{segment: gold, on: exit}", SegmentTrigger("gold", "exit")),
        (
            '{date: birthday, days: -3, at: "08:30", yearly: true}',
            DateTrigger("birthday", -3, 510, yearly=True),
        ),
        (
            "{price_drop: product_viewed, within: 7d, least_percent: 10}",
            StockTrigger("price_drop", within=7 * DAY, least_percent=10),
        ),
        (
            "{low_stock: add_to_cart, at_most: 5}",
            StockTrigger("low_stock", "add_to_cart", at_most=5),
        ),
        ("{back_in_stock: true}", StockTrigger("back_in_stock")),
        ("call", CallTrigger()),
    ],
)
def test_each_kind_of_trigger_is_read(text: str, expected: Trigger) -> None:
    assert of(f"  - {send('a')}\n", f"name: cart\ntrigger: {text}\n").trigger == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wait: 90m", Wait("1", "end", duration=90 * MINUTE)),
        ("wait: {until: 2026-12-24 18:00}", Wait("1", "end", until=1_798_135_200_000_000)),
        ("wait: {until: 2026-12-24}", Wait("1", "end", until=1_798_070_400_000_000)),
        (
            'wait: {for: 2d, at: "09:00", on: [tue, mon]}',
            Wait("1", "end", duration=2 * DAY, at_minute=540, weekdays=(1, 2)),
        ),
        ("{recommend: picks, count: 3}", Recommend("1", "end", "picks", 3, "end")),
        ("{set: {stage: new}}", Update("1", "end", traits={"stage": "new"})),
        ("{add_to_list: vip}", Update("1", "end", list="vip", act="add")),
        ("{remove_from_list: vip}", Update("1", "end", list="vip", act="remove")),
        ("{webhook: crm}", Webhook("1", "end", "crm", "end")),
        ("{jump: end}", Jump("1", "end", "end")),
        (
            "{jump: {to: end, most: 3, if: {segment: gold}}}",
            Jump("1", "end", "end", 3, {"segment": "gold"}),
        ),
        ("{goal: bought}", Reach("1", "end", "bought")),
    ],
)
def test_each_kind_of_step_is_read(text: str, expected: Step) -> None:
    assert one(f"  - {text}\n  - {{exit: bye, id: end}}\n") == expected


def test_a_list_within_a_step_goes_on_behind_it() -> None:
    journey = of(
        "  - wait_for: {event: purchase, since: step}\n"
        "    timeout: 1d\n"
        "    then: [{goal: bought}]\n"
        "    else: [{set: {stage: late}}, {exit: late}]\n"
        "  - {exit: done}\n"
    )
    assert journey.steps["1"] == WaitFor(
        "1", {"event": "purchase", "since": "step"}, DAY, "1.then.1", "1.else.1"
    )
    assert journey.steps["1.then.1"] == Reach("1.then.1", "2", "bought")
    assert journey.steps["1.else.2"] == Exit("1.else.2", "late")


def test_a_branch_goes_on_where_a_way_says_nothing() -> None:
    branch = one(
        "  - branch:\n"
        "      - {if: {segment: gold}, then: [{exit: gold}]}\n"
        "      - {if: {is: {trait: tier, is: silver}}, then: []}\n"
        "  - {exit: done}\n"
    )
    assert isinstance(branch, Branch)
    assert [way.next for way in branch.ways] == ["1.1.then.1", "2"]
    assert branch.otherwise == "2"


def test_an_if_is_a_branch_of_one_way() -> None:
    branch = one("  - if: {segment: gold}\n    then: [{exit: gold}]\n  - {exit: done}\n")
    assert isinstance(branch, Branch)
    assert ([way.next for way in branch.ways], branch.otherwise) == (["1.then.1"], "2")


def test_the_shares_of_a_split_are_weights() -> None:
    split = one(
        "  - split:\n"
        "      short: {share: 1, steps: [{exit: short}]}\n"
        "      long: {share: 3, steps: []}\n"
        "  - {exit: done}\n"
    )
    assert isinstance(split, Split)
    assert [(arm.name, arm.share, arm.next) for arm in split.arms] == [
        ("short", 0.25, "1.short.1"),
        ("long", 0.75, "2"),
    ]


def test_a_send_is_a_campaign_named_journey_and_step() -> None:
    step = one(
        "  - send: first\n"
        "    template: cart\n"
        "    variants: {a: {subject: One}, b: {subject: Two, share: 3}}\n"
        "    from_name: Ann\n"
        "    on_refused: [{exit: refused}]\n"
        "    on_error: [{exit: broken}]\n"
    )
    assert isinstance(step, Send)
    message = step.message
    assert (message.name, message.template, message.from_name) == ("cart/first", "cart", "Ann")
    assert message.shares() == {"a": 0.25, "b": 0.75}
    assert message.holdout == 0
    assert (step.id, step.next) == ("first", "")
    assert (step.refused, step.failed) == ("first.on_refused.1", "first.on_error.1")


def test_steps_stand_in_the_order_of_the_file_and_may_be_named() -> None:
    journey = of(
        f"  - {{if: {{segment: a}}, id: asked, then: [{send('first')}]}}\n  - {send('second')}\n"
    )
    assert list(journey.steps) == ["asked", "first", "second"]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("  - wait: soon\n", ":4: step 1: 'soon' is no length of time; write `45s`"),
        ("  - wait: {at: 18:30}\n", ':4: step 1: 1110 is no time of day; write `"18:30"`, in quo'),
        ("  - wait: {until: 2026-12-24, on: mon}\n", "step 1: 'until' is an instant already"),
        ("  - wait: {on: [monday]}\n", "step 1: 'monday' is no day of the week; write some of mon"),
        ("  - wait_for: {event: purchase}\n", "step 1: a wait without a time-out may never end; a"),
        ("  - delay: 1h\n", ":4: step 1: no step starts with 'delay'; write `wait: 1h`"),
        ("  - {wait: 1h, exit: x}\n", "step 1: 'wait' and 'exit' stand in one step; put each"),
        ("  - hello\n", "step 1: a step is a mapping; it starts with `wait:`"),
        ("  - {exit: a, id: X}\n", "step 1: 'X' cannot name a step; write a to z"),
        ('  - {exit: a, id: "7"}\n', "step 1: '7' reads as a place; begin the name with a letter"),
        (f"  - {send('a')}\n  - {send('a')}\n", f"step 2: 'a' stands twice, at {FILE}:4 too; ren"),
        ("  - {send: a, subject: x}\n", "step a: no template; add `template: NAME`"),
        ("  - {send: a, template: b}\n", "step a: a send has a subject or variants; add"),
        ("  - {send: a, template: b, subject: x, id: c}\n", "step 1: a send's id is its name"),
        (
            "  - {send: a, template: B, subject: x}\n",
            "write text, of small letters, digits, - and _, such as spring-sale",
        ),
        ("  - {send: a, template: b, subjects: x}\n", "unknown key 'subjects'; did you mean 'subj"),
        (
            "  - {send: a, template: b, variants: {holdout: {subject: x}}}\n",
            "step a: the variants do not name wordings",
        ),
        (
            "  - if: {trait: tier, is: gold}\n    then: []\n",
            "step 1: no condition starts with 'trai",
        ),
        ("  - if: {segment: gold}\n", "step 1: both ways are the same; add `then:`"),
        ("  - if: {segment: a, event: b}\n    then: []\n", "'segment' and 'event' stand in one"),
        (
            "  - if: [{segment: a}]\n    then: []\n",
            "step 1: a condition must be a mapping; write `a",
        ),
        ("  - if: {event: a, since: monday}\n    then: []\n", "'monday' is no beginning; write"),
        ("  - if: {all: []}\n    then: []\n", "step 1: 'all' takes a list; put each condition"),
        ("  - if: {is: gold}\n    then: []\n", "step 1: 'is' takes the condition of a segment"),
        ("  - branch: []\n", "step 1: 'branch' takes a list of ways; write"),
        ("  - branch: [{then: []}]\n", "step 1: nothing says who goes this way; write `if:`"),
        ("  - split: {a: {}}\n", "step 1: a split has two arms at least"),
        ("  - split: {a: {share: 0}, b: {}}\n", "step 1: 'share' takes a number; a weight above 0"),
        ("  - {recommend: picks, count: 99}\n", "'count' takes a whole number; from 1 to 24"),
        ("  - set: {}\n", "step 1: 'set' takes traits; write `set:"),
        ("  - set: {a: [1]}\n", "step 1: [1] is no value of a trait; write text, a number"),
        ("  - jump: {most: 3}\n", "step 1: nothing says where to; write `jump:"),
        ("  - jump: {to: a, most: 0}\n", "step 1: 'most' takes a whole number; from 1 to 1000"),
        ("  - {if: {segment: a}, then: [{wait: x}]}\n", ":4: step 1.then.1: 'x' is no length"),
    ],
)
def test_what_is_wrong_in_a_step_is_told_by_line_step_and_mend(steps: str, told: str) -> None:
    with pytest.raises(DefinitionError) as error:
        of(steps)
    sentence = error.value.sentence()
    assert sentence.startswith(f"{FILE}:")
    assert told in sentence


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("trigger: call\n", f"{FILE}:1: a journey needs 'name'; write `name:"),
        ("name: cart\n", "a journey needs 'trigger'; write `trigger:"),
        ("name: Cart!\ntrigger: call\n", f"{FILE}:1: 'Cart!' cannot name a journey"),
        ("name: cart\ntrigger: now\n", f"{FILE}:2: a trigger is a mapping; write"),
        ("name: cart\ntrigger: {evnt: x}\n", "no trigger starts with 'evnt'; did you mean 'event'"),
        ("name: cart\ntrigger: {segment: a, on: leave}\n", "'leave' is neither entry nor exit"),
        ("name: cart\ntrigger: {date: b, days: many}\n", "'days' takes a whole number; from -36"),
        ("name: cart\ntrigger: {date: b, days: 400, yearly: true}\n", "a year has no so many days"),
        (HEAD + "reentry: sometimes\n", f"{FILE}:3: 'sometimes' is no rule of re-entry; write nev"),
        (HEAD + "holdout: 2\n", "'holdout' takes a share; write `holdout: 0.1`"),
        (HEAD + "mode: offline\n", "unknown mode 'offline'; "),
        (HEAD + "purpose: spam\n", "unknown purpose 'spam'"),
        (HEAD + "skip_ahead: [{to: a}]\n", "it says who skips, and where to"),
        (HEAD + "goal: {within: 2d}\n", "no event is named; write `event: purchase`"),
        (HEAD + "priorty: 2\n", "unknown key 'priorty'; did you mean 'priority'?"),
    ],
)
def test_what_is_wrong_in_its_head_is_told_by_line_and_mend(head: str, told: str) -> None:
    with pytest.raises(DefinitionError) as error:
        of(f"  - {send('a')}\n", head)
    assert told in error.value.sentence()


def test_a_journey_without_steps_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a journey without steps; add"):
        journeys.parse_journey(f"{HEAD}steps: []\n", FILE)


def test_waits_and_hours_are_microseconds() -> None:
    assert one("  - {wait: 2h}\n  - {exit: x}\n") == Wait("1", "2", duration=2 * HOUR)

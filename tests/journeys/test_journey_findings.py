"""What the validator finds in a journey's graph: a text for each finding, none in a good one."""

from __future__ import annotations

import pytest

from tailorbird import journeys
from tailorbird.journeys import graph
from tailorbird.journeys.findings import Finding, findings
from tailorbird.schema import DAY, HOUR

FILE = "journeys/cart.yaml"
NOW = 1_790_000_000_000_000  # September 2026
HEAD = "name: cart\ntrigger: {event: add_to_cart}\nexit_when: {event: purchase}\n"
GOOD = """\
name: cart
trigger: {event: add_to_cart}
who: {not: {segment: gold}}
exit_when: {event: purchase}
reentry: 14d
goal: {event: purchase, within: 14d}
skip_ahead: [{if: {segment: vip}, to: second}]
steps:
  - wait: 1h
  - {send: first, template: cart, subject: Hello}
  - wait_for: {event: email_clicked, since: step}
    timeout: 1d
    then: [{exit: clicked}]
  - {split: {a: {share: 0.5, steps: [{set: {arm: a}}]}, b: {share: 0.5}}}
  - {send: second, template: cart, subject: Still there}
  - wait: 3d
  - jump: {to: second, most: 2, if: {segment: gold}}
"""


def send(name: str, more: str = "") -> str:
    return f"{{send: {name}, template: cart, subject: Hello{more}}}"


def found(text: str) -> list[Finding]:
    return findings(journeys.read_journey(text, FILE), NOW)


def of(steps: str, head: str = HEAD) -> list[Finding]:
    return found(f"{head}steps:\n{steps}")


def test_nothing_is_found_in_a_good_journey() -> None:
    assert found(GOOD) == []


ROUND = "  - {{set: {{a: b}}, id: top}}\n{}  - {}\n  - jump: {{to: top, most: {}}}\n"
A = send("a")
TABLE: list[tuple[str, str, str, str]] = [
    (
        "nowhere",
        HEAD,
        f"  - {A}\n  - jump: lst\n",
        "journeys/cart.yaml:6: error nowhere: step 2: there is no step 'lst' to go on at; known:",
    ),
    (
        "nowhere",
        HEAD + "skip_ahead: [{if: {segment: vip}, to: b}]\n",
        f"  - {A}\n",
        ":4: error nowhere: there is no step 'b' to go on at; known: a",
    ),
    (
        "nowhere",
        HEAD,
        f"  - {A}\n  - {{jump: me, id: me}}\n",
        ":6: error nowhere: step me: it jumps to itself; name another step",
    ),
    (
        "unreachable",
        HEAD,
        f"  - exit: done\n  - {A}\n",
        ":6: error unreachable: step a: nobody ever comes here; take out the `exit` or `jump`",
    ),
    (
        "dead-end",
        HEAD,
        f"  - {A}\n  - wait: 1d\n",
        ":6: warning dead-end: step 2: a dead end: after this wait nothing comes; add what",
    ),
    (
        "dead-end",
        HEAD,
        "  - exit: done\n",
        ":4: error dead-end: it does nothing: it sends nothing, sets nothing and tells nobody; ad",
    ),
    (
        "no-exit",
        "name: cart\ntrigger: {event: add_to_cart}\n",
        f"  - {A}\n  - wait: 1d\n  - {send('b')}\n",
        ":1: warning no-exit: nothing takes anybody out before the last of its mails; add `exit_w",
    ),
    (
        "no-wait",
        HEAD,
        ROUND.format("", A, 3),
        ":7: error no-wait: step 3: it goes round 3 times at one instant; put a `wait` between",
    ),
    (
        "no-wait",
        HEAD,
        ROUND.format("", "set: {b: c}", 3),
        ":7: warning no-wait: step 3: it goes round 3 times at one instant; put a `wait` between",
    ),
    (
        "many-rounds",
        HEAD,
        ROUND.format("  - wait: 7d\n", A, 900),
        ":8: warning many-rounds: step 4: it goes round up to 900 times; write `most: 52` or less",
    ),
    (
        "at-once",
        HEAD,
        f"  - {A}\n  - {send('b')}\n",
        ":6: warning at-once: step b: it may leave at the same instant as 'a'; put a `wait`",
    ),
    (
        "same-ways",
        HEAD,
        f"  - {{if: {{segment: gold}}, then: []}}\n  - {A}\n",
        ":5: warning same-ways: step 1: all its ways are one; give one of its ways steps",
    ),
    (
        "shares",
        HEAD,
        f"  - split: {{x: {{share: 0.3, steps: [{A}]}}, y: {{share: 0.3}}}}\n",
        ":5: warning shares: step 1: the shares add up to 0.6, not 1, and are read as x 50.0%,",
    ),
    (
        "past",
        HEAD,
        f"  - wait: {{until: 2026-01-01}}\n  - {A}\n",
        ":5: warning past: step 1: it waits until an instant that is past: nobody waits at all; w",
    ),
    (
        "reentry",
        HEAD + "reentry: 7d\n",
        f"  - wait: 10d\n  - {A}\n",
        ":4: warning reentry: who may come again after 7d may still be in it: it takes up to 10d;",
    ),
    (
        "goal",
        HEAD + "goal: {event: purchase, within: 2d}\n",
        f"  - wait: 10d\n  - {A}\n",
        ":4: warning goal: the goal counts for 2d after entry, and the journey takes up to 10d; w",
    ),
    (
        "per",
        "name: cart\ntrigger: {segment: gold}\nper: item\n",
        f"  - {A}\n",
        ":3: error per: what starts it has no property 'item'; leave `per` out: events, calls",
    ),
    (
        "per",
        HEAD + "several: true\n",
        f"  - {A}\n",
        ":4: error per: nothing tells one entry of a person from another; add `per: order_id`",
    ),
    (
        "restart",
        HEAD + "several: true\nper: item\nrestart: true\n",
        f"  - {A}\n",
        ":6: error restart: whoever may be in it several times cannot begin anew; keep one of them",
    ),
    (
        "exit-is-entry",
        "name: cart\ntrigger: {event: add_to_cart}\nexit_when: {event: add_to_cart}\n",
        f"  - {A}\n",
        ":3: warning exit-is-entry: a second 'add_to_cart' takes her out: it is what lets her in,",
    ),
    (
        "purpose",
        HEAD,
        f"  - {send('a', ', purpose: training')}\n",
        ":5: error purpose: step a: nobody agrees to mails for 'training', or can unsubscribe",
    ),
    (
        "chosen-twice",
        HEAD,
        f"  - recommend: picks\n  - recommend: picks\n  - {A}\n",
        ":6: warning chosen-twice: step 2: it chooses 'picks' anew, as step 1 does; give it an",
    ),
    (
        "once",
        "name: cart\ntrigger: call\n",
        f"  - {A}\n",
        ":2: warning once: the API can have somebody enter once in her life; write `reentry:",
    ),
    (
        "reason",
        HEAD,
        f"  - {A}\n  - exit: {'very ' * 20}late\n",
        ":6: warning reason: step 2: a reason is a few words; at most 63 characters",
    ),
]


@pytest.mark.parametrize(("code", "head", "steps", "told"), TABLE)
def test_each_finding_names_file_line_step_and_mend(
    code: str, head: str, steps: str, told: str
) -> None:
    sentences = [each.sentence() for each in of(steps, head) if each.code == code]
    assert len(sentences) == 1
    assert told in sentences[0]
    assert sentences[0].startswith(f"{FILE}:")


def test_errors_come_before_warnings_each_in_the_order_of_the_file() -> None:
    sorted_ = of(f"  - {A}\n  - {send('b')}\n  - exit: x\n  - wait: 1d\n  - jump: nobody\n")
    assert [each.code for each in sorted_] == ["unreachable", "nowhere", "at-once"]


def test_of_steps_that_nobody_reaches_the_first_and_outermost_is_told() -> None:
    told = of(f"  - exit: x\n  - {{if: {{segment: a}}, then: [{A}]}}\n  - {send('b')}\n")
    assert [each.step for each in told if each.code == "unreachable"] == ["2"]


def test_the_longest_way_counts_time_outs_and_rounds() -> None:
    journey = journeys.parse_journey(GOOD, FILE)
    assert graph.longest(journey) == HOUR + DAY + 3 * DAY + 2 * 3 * DAY


def test_a_step_of_many_ways_costs_no_more_than_its_steps() -> None:
    """A chain of 60 diamonds has 2**60 ways; each step is looked at once."""
    steps = "".join(f"  - {{if: {{segment: s{n}}}, then: [{{wait: 1d}}]}}\n" for n in range(60))
    journey = journeys.parse_journey(f"{HEAD}steps:\n{steps}  - {A}\n", FILE)
    assert graph.longest(journey) == 60 * DAY

"""Mailboxes: what people do, what machines do, and how often."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from tailorbird.schema import DAY, HOUR, MINUTE, SECOND
from tailorbird.simulator import START, Mail, Mailboxes, Reaction
from tailorbird.simulator.mailboxes import APPLE_PREFETCH, GMAIL_PROXY, READ_MEAN
from tailorbird.simulator.people import PROVIDERS, People

MANY = 30_000
LINKS = ("https://shop.example/1", "https://shop.example/2", "https://shop.example/3")


def mail(number: int, variant: str = "A", tier: str | None = None) -> Mail:
    return Mail(
        send_id=number.to_bytes(8, "big"),
        person_key=f"u{number:07d}",
        sent_at=START,
        open_url="https://shop.example/open",
        click_urls=LINKS,
        unsubscribe_url="https://shop.example/leave",
        tier=tier,
        variant=variant,
    )


@pytest.fixture(scope="module")
def reactions() -> list[Reaction]:
    return list(Mailboxes(1).reactions(map(mail, range(MANY))))


def people_who(reactions: list[Reaction], kind: str, *, machine: bool) -> set[bytes]:
    return {r.send_id for r in reactions if r.kind == kind and r.machine_truth == machine}


def test_reactions_depend_on_the_mail_and_not_on_its_neighbours() -> None:
    mails = [mail(number) for number in range(5000)]
    whole = list(Mailboxes(1).reactions(mails))
    Random(4).shuffle(mails)
    mixed = list(Mailboxes(1).reactions(iter(mails)))
    assert Counter(whole) == Counter(mixed)
    some = list(Mailboxes(1).reactions(mail(number) for number in range(300, 320)))
    assert all(reaction in whole for reaction in some)


def test_another_seed_other_reactions(reactions: list[Reaction]) -> None:
    other = list(Mailboxes(2).reactions(map(mail, range(MANY))))
    assert people_who(other, "click", machine=False) != people_who(
        reactions, "click", machine=False
    )


def test_the_better_subject_is_opened_as_much_more_often_as_documented() -> None:
    def opens(variant: str) -> float:
        mails = (mail(number, variant) for number in range(MANY))
        return len(people_who(list(Mailboxes(1).reactions(mails)), "open", machine=False)) / MANY

    assert opens("B") / opens("A") == pytest.approx(1.15, abs=0.03)
    assert opens("b") == opens("B")
    assert opens("unheard of") == opens("A")


def test_people_read_as_often_as_documented() -> None:
    boxes = Mailboxes(1)
    mails = [mail(number) for number in range(MANY)]
    reads = np.mean([fate.reads for fate in boxes._fates(mails)])
    assert reads == pytest.approx(READ_MEAN, abs=0.01)


def test_gold_mails_are_clicked_more() -> None:
    def clicks(tier: str | None) -> int:
        mails = (mail(number, tier=tier) for number in range(MANY))
        return len(people_who(list(Mailboxes(1).reactions(mails)), "click", machine=False))

    assert clicks("gold") / clicks(None) == pytest.approx(1.3, abs=0.08)


def test_one_address_in_a_hundred_is_dead_and_does_nothing_else(reactions: list[Reaction]) -> None:
    dead = {r.send_id for r in reactions if r.code == "5.1.1"}
    soft = {r.send_id for r in reactions if r.code == "4.2.2"}
    assert len(dead) / MANY == pytest.approx(0.01, abs=0.003)
    assert len(soft) / MANY == pytest.approx(0.01, abs=0.003)
    counts = Counter(reaction.send_id for reaction in reactions)
    assert all(counts[send_id] == 1 for send_id in dead | soft)


def test_a_dead_address_stays_dead() -> None:
    boxes = Mailboxes(1)
    dead = [r.send_id for r in boxes.reactions(map(mail, range(2000))) if r.code == "5.1.1"]
    numbers = [int.from_bytes(send_id, "big") for send_id in dead]
    again = [Mail(f"later {n}".encode(), f"u{n:07d}", START, "o", (), "") for n in numbers]
    assert [reaction.code for reaction in boxes.reactions(again)] == ["5.1.1"] * len(dead)


def test_only_people_unsubscribe_by_post_and_only_machines_by_get(
    reactions: list[Reaction],
) -> None:
    leaving = [reaction for reaction in reactions if reaction.kind == "unsubscribe"]
    assert {r.machine_truth for r in leaving if r.method == "POST"} == {False}
    assert {r.machine_truth for r in leaving if r.method in ("GET", "HEAD")} == {True}
    wishes = people_who(reactions, "unsubscribe", machine=False)
    assert len(wishes) / MANY == pytest.approx(0.0035, abs=0.0015)


def test_scanners_follow_every_link_within_seconds(reactions: list[Reaction]) -> None:
    scanned: dict[bytes, list[Reaction]] = {}
    for reaction in reactions:
        if reaction.kind in ("click", "unsubscribe") and reaction.machine_truth:
            scanned.setdefault(reaction.send_id, []).append(reaction)
    assert len(scanned) / MANY == pytest.approx(0.083, abs=0.01)
    for found in scanned.values():
        assert [reaction.url for reaction in found] == [*LINKS, "https://shop.example/leave"]
        assert found[-1].at - START < 30 * SECOND


def test_prefetches_come_within_minutes_and_hide_the_reader(reactions: list[Reaction]) -> None:
    prefetched = [r for r in reactions if r.user_agent == APPLE_PREFETCH]
    assert all(reaction.machine_truth for reaction in prefetched)
    assert len(prefetched) / MANY == pytest.approx(0.335, abs=0.015)
    assert np.median([r.at - START for r in prefetched]) < 5 * MINUTE
    readers = people_who(reactions, "open", machine=False)
    assert not readers & {reaction.send_id for reaction in prefetched}


def test_the_proxy_of_gmail_opens_when_a_person_does(reactions: list[Reaction]) -> None:
    proxied = [reaction for reaction in reactions if reaction.user_agent == GMAIL_PROXY]
    assert not any(reaction.machine_truth for reaction in proxied)
    assert np.median([reaction.at - START for reaction in proxied]) > HOUR
    people = np.array([int.from_bytes(r.send_id, "big") for r in proxied], dtype=np.uint64)
    provider = People(Mailboxes(1)._draws).provider(people)
    assert set(provider.tolist()) == {PROVIDERS.index("gmail")}


def test_people_click_after_they_open_and_the_first_link_most(reactions: list[Reaction]) -> None:
    opened: dict[bytes, int] = {}
    for reaction in reactions:
        if reaction.kind == "open" and not reaction.machine_truth:
            opened.setdefault(reaction.send_id, reaction.at)
    clicks = [r for r in reactions if r.kind == "click" and not r.machine_truth]
    assert all(click.at > opened.get(click.send_id, START) for click in clicks)
    urls = Counter(click.url for click in clicks)
    assert urls[LINKS[0]] > urls[LINKS[1]] > urls[LINKS[2]] > 0


def test_reactions_of_a_mail_come_in_time(reactions: list[Reaction]) -> None:
    for one, two in pairwise(reactions):
        assert one.send_id != two.send_id or one.at <= two.at
        assert START < one.at < START + 7 * DAY


def test_what_a_mail_does_not_hold_is_not_asked_for() -> None:
    mails = [Mail(bytes([n, k]), f"u{n:07d}", 0, "", (), "") for n in range(250) for k in range(9)]
    assert {reaction.kind for reaction in Mailboxes(1).reactions(mails)} == {"bounce"}

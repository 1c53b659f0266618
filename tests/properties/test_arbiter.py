"""The arbiter never writes too often and spares nobody in vain, whatever is proposed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.journeys import Asked, Limit, Mark, arbitrate
from tailorbird.schema import DAY, HOUR

CAMPAIGNS = ("autumn", "cart/first", "spring", "winter")
PURPOSES = ("email_marketing", "personalisation")

limits = st.builds(
    lambda most, days, rolls, purpose: Limit(
        f"{most}/{days}", most, days * DAY if rolls else days, rolls=rolls, purpose=purpose
    ),
    st.integers(1, 3),
    st.integers(1, 8),
    st.booleans(),
    st.sampled_from(["", *PURPOSES]),
)
caps = st.builds(
    lambda most, days, campaign: Limit("cap", most, days * DAY, rolls=True, campaign=campaign),
    st.integers(1, 3),
    st.integers(1, 8),
    st.sampled_from(CAMPAIGNS),
)
hours = st.integers(0, 20).map(lambda half: half * 12)
marks = st.builds(
    lambda hour, campaign, purpose: Mark(
        hour * HOUR, hour // 24, campaign, purpose, bytes([9, hour % 251])
    ),
    hours,
    st.sampled_from(CAMPAIGNS),
    st.sampled_from(PURPOSES),
)


@st.composite
def proposals(draw: st.DrawFn) -> list[Asked]:
    made = []
    for number in range(draw(st.integers(0, 12))):
        hour, campaign = draw(hours), draw(st.sampled_from(CAMPAIGNS))
        own = [cap for cap in draw(st.lists(caps, max_size=1)) if cap.campaign == campaign]
        made.append(
            Asked(
                bytes([number]),
                draw(st.integers(1, 3)),
                campaign,
                draw(st.sampled_from(PURPOSES)),
                hour * HOUR,
                hour // 24,
                draw(st.integers(1, 3)),
                draw(st.sampled_from([0.0, 0.5])),
                tuple(own),
                draw(st.integers(0, 4)) == 0,
            )
        )
    return made


histories = st.dictionaries(st.integers(1, 3), st.lists(marks, max_size=4))


def fits(asked: Asked, mails: Sequence[Mark], shared: Sequence[Limit]) -> bool:
    """Return whether one more mail keeps every limit: each window is counted out."""
    one = Mark(asked.at, asked.day, asked.campaign, asked.purpose, asked.id)
    for limit in (*shared, *asked.limits):
        if limit.purpose not in ("", asked.purpose):
            continue
        counted = [m for m in mails if limit.purpose in ("", m.purpose)]
        if limit.campaign:
            counted = [m for m in counted if m.campaign != limit.campaign and m.at <= asked.at]
        places = [m.at if limit.rolls else m.day for m in [*counted, one]]
        here = places[-1]
        for first in places:
            inside = sum(first <= place < first + limit.window for place in places)
            if first <= here < first + limit.window and inside > limit.most:
                return False
    return True


def reference(
    asked: Sequence[Asked], standing: Mapping[int, Sequence[Mark]], shared: Sequence[Limit]
) -> set[bytes]:
    """Return who is granted, person by person and one after the other."""
    mails = defaultdict(list, {person: list(own) for person, own in standing.items()})
    granted = set()
    for one in sorted(asked, key=lambda a: (a.priority, -a.uplift, a.at, a.campaign, a.id)):
        if fits(one, mails[one.person], shared):
            granted.add(one.id)
            if not one.silent:
                mails[one.person].append(Mark(one.at, one.day, one.campaign, one.purpose, one.id))
    return granted


@settings(max_examples=150)
@given(proposals(), histories, st.lists(limits, max_size=3), st.randoms(use_true_random=False))
def test_the_arbiter_is_the_reference_in_any_order(
    asked: list[Asked],
    standing: dict[int, list[Mark]],
    shared: list[Limit],
    shuffler: random.Random,
) -> None:
    rulings = arbitrate(asked, standing, shared)
    assert {key for key, ruling in rulings.items() if ruling is None} == reference(
        asked, standing, shared
    )
    shuffled = shuffler.sample(asked, len(asked))
    assert arbitrate(shuffled, standing, shared) == rulings


@settings(max_examples=150)
@given(proposals(), st.lists(limits, min_size=1, max_size=3))
def test_nobody_exceeds_a_limit_and_nobody_is_spared_in_vain(
    asked: list[Asked], shared: list[Limit]
) -> None:
    rulings = arbitrate(asked, {}, shared)
    for person in {one.person for one in asked}:
        own = [one for one in asked if one.person == person]
        sent = [one for one in own if rulings[one.id] is None and not one.silent]
        mails = [Mark(one.at, one.day, one.campaign, one.purpose, one.id) for one in sent]
        for limit in shared:
            places = sorted(
                m.at if limit.rolls else m.day for m in mails if limit.purpose in ("", m.purpose)
            )
            for first in places:
                assert sum(first <= at < first + limit.window for at in places) <= limit.most
        for one in own:
            if rulings[one.id] is not None:
                assert not fits(one, mails, shared)


@settings(max_examples=100)
@given(proposals(), histories, st.lists(limits, min_size=1, max_size=3))
def test_who_is_displaced_is_told_by_what_and_until_when(
    asked: list[Asked], standing: dict[int, list[Mark]], shared: list[Limit]
) -> None:
    rulings = arbitrate(asked, standing, shared)
    for one in asked:
        ruling = rulings[one.id]
        if ruling is None:
            continue
        assert len(ruling.counted) == ruling.limit.most
        granted = {each.id for each in asked if rulings[each.id] is None}
        assert {mark.send_id for mark in ruling.winners} <= granted
        here = one.at if ruling.limit.rolls else one.day
        assert ruling.free_from > here


def test_a_daily_mail_at_the_same_hour_fits_one_a_day() -> None:
    daily = Limit("1/day", 1, 1)
    yesterday = [Mark(9 * HOUR + 5, 0, "daily", "email_marketing", b"y")]
    today = Asked(b"t", 1, "daily", "email_marketing", 33 * HOUR, 1, 5)
    assert arbitrate([today], {1: yesterday}, [daily]) == {b"t": None}
    rolling = Limit("1/24h", 1, DAY, rolls=True)
    assert arbitrate([today], {1: yesterday}, [rolling])[b"t"] is not None

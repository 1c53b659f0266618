"""One way to be written to: journeys and campaigns propose, the arbiter grants, the ledger keeps.

Everybody's proposals of one call are judged together: permit, missing values, exclusive groups,
variant and holdout, quiet hours, limits and caps. What is decided is durable; asked again, also
after a kill, what stands in the ledger is the answer. A batch holds whole people, so that its size
changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from tailorbird import authoring, forms, journeys, letters, scheduling, yaml_text
from tailorbird.delivery.quiet_hours import day_ends, opens_at, quiet_hours
from tailorbird.errors import DefinitionError, SettingsError, TemplateError, UsageError
from tailorbird.journeys.proposals import Deferral as Deferral
from tailorbird.journeys.proposals import Proposal as Proposal
from tailorbird.journeys.proposals import proposed as proposed
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.letters.limiting import Mailed, limits_of
from tailorbird.schema import Decision, Instant, PersonId
from tailorbird.world import World

AT_ONCE: Final = 5_000
"""Proposals that are decided in one transaction."""
QUIET: Final = "quiet_hours"
EXCLUSIVE: Final = "exclusive"
"""Why a person gets nothing of a campaign: she is in another experiment of its group."""
BROKEN: Final = "broken"
"""Why nobody gets anything of a campaign, or one person nothing: the mail cannot be made."""


Answer: TypeAlias = Decision | Deferral


def grant(world: World, proposals: Sequence[Proposal], now: Instant) -> list[Answer]:
    """Return the answer to each proposal, in order; decisions are durable."""
    return Granting(world, now).grant(proposals)


def send_scheduled(world: World, now: Instant) -> int:
    """Decide what scheduled campaigns have due; return how many decisions were new."""
    arbiter = Granting(world, now)
    recorded = arbiter.decide(arbiter.scheduled())
    scheduling.finish(world, now)
    return recorded


class Granting:
    """What is the same for all that is proposed at one instant; calls of one tick may share it."""

    def __init__(self, world: World, now: Instant) -> None:
        self._world, self._now = world, now
        pace = world.settings.pace
        self._quiet = quiet_hours(pace.quiet_since, pace.quiet_until)
        self._limits = limits_of(world.settings)
        self._mailed = Mailed(world, forms.PREFIX)
        self._deciding: dict[tuple[str, int], letters.Deciding | str] = {}
        self._kept: set[str] = set()
        self._due: dict[bytes, Instant] = {}
        self._composer = letters.Composer(world, now)
        self._recorded = 0
        self._others: dict[PersonId, list[Proposal]] | None = None

    def grant(self, proposals: Sequence[Proposal]) -> list[Answer]:
        """Return the answer to each proposal, in order; decisions are durable."""
        answers: dict[bytes, Answer] = {}
        for batch in _whole_people(proposals):
            answers |= self._grant(self._with_others(batch))
        return [answers[each.id] for each in proposals]

    def decide(self, proposals: Sequence[Proposal]) -> int:
        """Decide on proposals durably; return how many decisions were new."""
        before = self._recorded
        self.grant(proposals)
        return self._recorded - before

    def judge(self, proposals: Sequence[Proposal]) -> dict[bytes, Answer]:
        """Return by id what would be decided now; nothing is recorded."""
        by_id = {each.id: each for each in proposals}
        candidates = self._candidates(list(by_id.values()))
        plans: dict[bytes, Instant] = {}
        answers: dict[bytes, Answer] = {}
        asked = []
        for key, proposal in by_id.items():
            candidate = candidates[key]
            if journeys.refusal(candidate):
                continue
            at = max(proposal.due_at, self._now)
            opening = opens_at(self._quiet, self._zone(candidate), at)
            if opening > at and proposal.waits != "never":
                answers[key] = Deferral(proposal, opening, QUIET)
                continue
            plans[key] = opening
            asked.append(self._asked(proposal, candidate, opening))
        asked = self._with_uplift(asked, by_id)
        rulings = journeys.arbitrate(asked, self._standing(candidates, asked), self._limits)
        for key, proposal in by_id.items():
            if key not in answers:
                answers[key] = self._answer(proposal, candidates[key], rulings.get(key))
        self._due = {key: at for key, at in plans.items() if at > self._now}
        return answers

    def deciding(self, name: str, version: int) -> letters.Deciding:
        """Return what decides a campaign; whatever is wrong with it ends it here.

        Raises:
            TemplateError, DefinitionError, UsageError: with the place and the mend.
        """
        campaign, _ = authoring.find_campaign(self._world, name, version)
        edition = letters.check(self._world, campaign, version)
        forms.check_links(self._world, edition.template.variables())
        made = self._deciding[name, version] = letters.Deciding(self._world, edition, self._now)
        return made

    def _grant(self, proposals: Sequence[Proposal]) -> dict[bytes, Answer]:
        ids = [each.id for each in proposals]
        answers: dict[bytes, Answer] = dict(self._world.ledger.found(ids))
        rest = [each for key, each in zip(ids, proposals, strict=True) if key not in answers]
        if not rest:
            return answers
        answers |= self.judge(rest)
        made = [answers[each.id] for each in rest]
        fresh = {each.id: each for each in made if isinstance(each, Decision)}
        self._keep_editions(rest)
        fresh |= self._unmakable(fresh, rest)
        answers |= fresh
        new = self._world.ledger.record(list(fresh.values()), self._due)
        self._recorded += new
        if new < len(fresh):
            answers |= self._world.ledger.found(list(fresh))
        return answers

    def _unmakable(
        self, fresh: Mapping[bytes, Decision], proposals: Sequence[Proposal]
    ) -> dict[bytes, Decision]:
        """Return refusals of the mails of journeys that cannot be made: each is tried now.

        Once she has gone on, it would be too late for the step's error path.
        """
        tried = [
            (each, fresh[each.id])
            for each in proposals
            if BETWEEN in each.campaign and each.id in fresh and fresh[each.id].verdict == "send"
        ]
        self._composer.expect([decision for _, decision in tried])
        refused = {}
        for each, decision in tried:
            try:
                self._composer.again(decision, tracked=False)
            except TemplateError as error:
                silent = journeys.broken(each.person, BROKEN, error.sentence())
                refused[each.id] = journeys.decide(
                    decision.campaign, each.version, each.occurrence, silent, self._now
                )
        return refused

    def scheduled(self) -> list[Proposal]:
        """Return what scheduled campaigns propose now and is not decided yet."""
        return [each for own in self._scheduled().values() for each in own]

    def _scheduled(self) -> dict[PersonId, list[Proposal]]:
        if self._others is None:
            self._others = defaultdict(list)
            for each in scheduling.proposals(self._world, self._now):
                self._others[each.person].append(each)
        return self._others

    def _with_others(self, batch: Sequence[Proposal]) -> list[Proposal]:
        """Return a batch with what scheduled campaigns propose to the same people now."""
        others = self._scheduled()
        people = {each.person for each in batch} if others else ()
        found = {each.id: each for person in people for each in others.pop(person, ())}
        return list(({each.id: each for each in batch} | found).values())

    def _keep_editions(self, proposals: Sequence[Proposal]) -> None:
        for key in {(each.campaign, each.version) for each in proposals}:
            made = self._deciding[key]
            if isinstance(made, letters.Deciding) and made.edition.digest not in self._kept:
                letters.editions.keep(self._world, made.edition, self._now)
                self._kept.add(made.edition.digest)

    def _asked(
        self, proposal: Proposal, candidate: journeys.Candidate, at: Instant
    ) -> journeys.Asked:
        made = self._deciding[proposal.campaign, proposal.version]
        assert isinstance(made, letters.Deciding)  # noqa: S101 - who is not refused has one
        campaign = made.campaign
        mark = self._mailed.mark(candidate.zone, at, campaign.name, campaign.purpose, proposal.id)
        return journeys.Asked(
            proposal.id,
            proposal.person,
            campaign.name,
            campaign.purpose,
            at,
            mark.day,
            campaign.priority,
            limits=candidate.limits,
            silent=candidate.variant == journeys.HOLDOUT,
        )

    def _with_uplift(
        self, asked: Sequence[journeys.Asked], proposals: Mapping[bytes, Proposal]
    ) -> list[journeys.Asked]:
        """Return what is asked with what each mail is expected to gain, where it names a model."""
        gains: dict[bytes, float] = {}
        by_mail: dict[tuple[str, int], list[journeys.Asked]] = defaultdict(list)
        for each in asked:
            by_mail[proposals[each.id].campaign, proposals[each.id].version].append(each)
        for mail, own in by_mail.items():
            made = self._deciding[mail]
            if isinstance(made, letters.Deciding) and made.campaign.uplift:
                people = [each.person for each in own]
                found = letters.expected(self._world, made.campaign, people, self._now)
                gains |= {each.id: found.get(each.person, 0.0) for each in own}
        return [
            replace(each, uplift=gains[each.id]) if each.id in gains else each for each in asked
        ]

    def _standing(
        self, candidates: dict[bytes, journeys.Candidate], asked: Sequence[journeys.Asked]
    ) -> dict[PersonId, list[journeys.Mark]]:
        """Return the mails that fill limits already, of those whom any limit binds."""
        bound = [limit for each in asked for limit in each.limits]
        span = max((limit.span for limit in (*self._limits, *bound)), default=0)
        if not span:
            return {}
        zones = {candidates[each.id].person: candidates[each.id].zone for each in asked}
        return self._mailed.marks(list(zones), zones, span, self._now)

    def _answer(
        self, proposal: Proposal, candidate: journeys.Candidate, ruling: journeys.Ruling
    ) -> Answer:
        made = self._deciding[proposal.campaign, proposal.version]
        if ruling is not None and proposal.waits == "caps":
            until = self._free_at(candidate, ruling)
            if not proposal.latest or until <= proposal.latest:
                return Deferral(proposal, until, ruling.reason, ruling.limit.name)
        version, occurrence = proposal.version, proposal.occurrence
        name = made.campaign.name if isinstance(made, letters.Deciding) else proposal.campaign
        return journeys.decide(name, version, occurrence, candidate, self._now, ruling)

    def _free_at(self, candidate: journeys.Candidate, ruling: journeys.Displaced) -> Instant:
        if ruling.limit.rolls:
            return max(ruling.free_from, self._now + 1)
        return max(_day_begins(self._zone(candidate), ruling.free_from), self._now + 1)

    def _zone(self, candidate: journeys.Candidate) -> str:
        return candidate.zone or self._world.settings.shop.zone

    def _candidates(self, proposals: Sequence[Proposal]) -> dict[bytes, journeys.Candidate]:
        """Return what each decision looks at, campaign by campaign."""
        found: dict[bytes, journeys.Candidate] = {}
        for (name, version), rounds in _rounds(proposals).items():
            for own in rounds:
                made = self._made(name, version)
                for each, candidate in zip(own, self._of(made, own), strict=True):
                    found[each.id] = candidate
        return found

    def _made(self, name: str, version: int) -> letters.Deciding | str:
        """Return what decides a campaign, or why nothing can."""
        if (name, version) not in self._deciding:
            try:
                self.deciding(name, version)
            except (TemplateError, DefinitionError, SettingsError, UsageError) as error:
                self._deciding[name, version] = error.sentence()
        return self._deciding[name, version]

    def _of(
        self, made: letters.Deciding | str, own: Sequence[Proposal]
    ) -> list[journeys.Candidate]:
        people = [each.person for each in own]
        if isinstance(made, str):
            return [journeys.broken(person, BROKEN, made) for person in people]
        extra = {each.person: each.inputs for each in own if each.inputs}
        found = made.candidates(people, extra=extra)
        if not (group := self._group(made.campaign, own[0].version)):
            return found
        chosen = members(self._world, group, people)
        name = made.campaign.name.partition(BETWEEN)[0]
        return [
            each
            if chosen[each.person] == name or each.refusal
            else replace(
                each, refusal=EXCLUSIVE, evidence={"group": group, "in": chosen[each.person]}
            )
            for each in found
        ]

    def _group(self, campaign: journeys.Campaign, version: int) -> str:
        """Return the exclusive group of a campaign, or of the journey whose step it is."""
        journey, between, _ = campaign.name.partition(BETWEEN)
        if not between:
            return campaign.exclusive
        return authoring.find_journey(self._world, journey, version)[0].exclusive


def members(world: World, group: str, people: Sequence[PersonId]) -> dict[PersonId, str]:
    """Return of each person the one campaign or journey of an exclusive group that she is in.

    Where she was sent to or held out first, she stays; others are drawn by a keyed hash, so that a
    new member of the group takes people from every other alike and moves nobody else.
    """
    names = _named(world, group)
    first = world.ledger.enrolled(people, names)
    return {person: first.get(person) or _drawn(world, group, names, person) for person in people}


def _named(world: World, group: str) -> list[str]:
    """Return the campaigns and journeys of a group, by name; their texts are read once."""
    latest = world.definitions.latest
    found = [(each.name, each.text) for each in (*latest("campaign"), *latest("journey"))]
    groups = world.latest.of("exclusive groups", tuple(found), lambda: _groups(found))
    return groups.get(group, [])


def _groups(found: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, text in sorted(found):
        said = yaml_text.read(text, name).value
        if isinstance(said, dict) and isinstance(group := said.get("exclusive"), str):
            groups[group].append(name)
    return dict(groups)


def _drawn(world: World, group: str, names: Sequence[str], person: PersonId) -> str:
    def weight(name: str) -> bytes:
        said = f"{group}\x00{name}\x00{person}".encode()
        key = world.assignment_key
        return hashlib.blake2b(said, key=key, digest_size=16, person=b"tb-exclusive").digest()

    return max(names, key=weight, default="")


def _whole_people(proposals: Sequence[Proposal]) -> Iterator[list[Proposal]]:
    """Yield batches in which nobody's proposals are torn apart."""
    by_person: dict[PersonId, list[Proposal]] = defaultdict(list)
    for each in proposals:
        by_person[each.person].append(each)
    batch: list[Proposal] = []
    for person in sorted(by_person):
        if batch and len(batch) + len(by_person[person]) > AT_ONCE:
            yield batch
            batch = []
        batch += by_person[person]
    if batch:
        yield batch


def _rounds(
    proposals: Sequence[Proposal],
) -> dict[tuple[str, int], list[list[Proposal]]]:
    """Return the proposals of each campaign, in rounds in which nobody comes twice."""
    rounds: dict[tuple[str, int], list[list[Proposal]]] = defaultdict(list)
    times: dict[tuple[str, int, PersonId], int] = defaultdict(int)
    for each in sorted(proposals, key=lambda each: (each.person, each.occurrence)):
        own = rounds[each.campaign, each.version]
        place = times[each.campaign, each.version, each.person]
        times[each.campaign, each.version, each.person] += 1
        if place == len(own):
            own.append([])
        own[place].append(each)
    return rounds


def _day_begins(zone: str, day: int) -> Instant:
    noon = datetime(1970, 1, 1, 12) + timedelta(days=day - 1)  # noqa: DTZ001 - of that zone
    before = noon.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return day_ends(zone, int(before.timestamp()) * 1_000_000)

"""The Python face over one data folder: what the commands, the server and your own code call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tailorbird import settings as configuration
from tailorbird import sharing
from tailorbird.errors import UsageError
from tailorbird.model_cards import ModelCard
from tailorbird.model_record import Turn
from tailorbird.ports import Closeable
from tailorbird.privacy.vault import Vault, load_key
from tailorbird.schema import Definition, DefinitionKind, Instant, PersonId
from tailorbird.settings import Setting
from tailorbird.stores.sqlite.connection import FILE_NAME as RECORD_FILE
from tailorbird.stores.sqlite.connection import Database
from tailorbird.wiring import wired, wired_away
from tailorbird.world import World

if TYPE_CHECKING:
    from tailorbird import collect, delivery, experiments, flow, segments
    from tailorbird.lists import Lists
    from tailorbird.merging import Merging
    from tailorbird.readings.recommendations import Recommendations
    from tailorbird.ready import Ready
    from tailorbird.repair import Repair
    from tailorbird.syncs import Syncs
    from tailorbird.views import Readings
    from tailorbird.views.recommendations import Answer

    Wording: TypeAlias = str | segments.Segment
Progress = Callable[[int, int], None]
Clock = Callable[[], Instant]


def wall_clock() -> Instant:
    """Return the present instant."""
    return time.time_ns() // 1000


class Tailorbird:
    """One data folder, opened: what the commands, the server and your own Python call.

    Every method may be called again after a kill: it goes on where it was.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        listing: Sequence[Setting],
        opened: Sequence[Closeable],
        migration: str,
    ) -> None:
        self.world = world
        self.clock = clock
        self.settings_listing = list(listing)
        self.migration = migration
        """What opening did to a folder of an older version, as a sentence; mostly empty."""
        self.environment: Mapping[str, str] = {}
        """Where sources find the secrets that they name."""
        self._opened = list(opened)

    @classmethod
    def open(
        cls,
        folder: str | Path = "data",
        *,
        clock: Clock = wall_clock,
        environment: Mapping[str, str] | None = None,
        only_sends: bool = False,
    ) -> Tailorbird:
        """Return the system over one data folder; the folder is made when it does not exist.

        With `only_sends` it has no facts: it sends beside the process that holds them, on this
        machine or, where `ledger.url` says so, on another.

        Raises:
            SettingsError: a setting is unknown or has the wrong type.
            StoreError: the folder was written by a newer version, or another process holds it.
        """
        path = Path(folder)
        given = os.environ if environment is None else environment
        loaded, listing = configuration.load(path, given)
        migration = ""
        if only_sends and sharing.is_away(path, loaded):
            world, opened = wired_away(path, loaded, wall_clock)
        else:
            sharing.check_alone(path, loaded)
            vault = Vault(load_key(path))
            database = Database(path / RECORD_FILE)
            world, opened = wired(path, loaded, vault, database, wall_clock, only_sends=only_sends)
            migration = database.migration
        lag = loaded.clock_lag_seconds * 1_000_000
        tb = cls(world, lambda: clock() - lag, listing, opened, migration)
        tb.environment = given
        return tb

    def close(self) -> None:
        """Let go of the folder; once is enough."""
        while self._opened:
            self._opened.pop(0).close()

    def __enter__(self) -> Tailorbird:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    # -- events in ------------------------------------------------------------------------------

    def import_file(
        self,
        path: str | Path,
        mapping: str = "",
        *,
        dry_run: bool = False,
        errors_to: str | Path | None = None,
        on_progress: Progress | None = None,
    ) -> collect.ImportReport:
        """Put a file's rows into the log by a mapping: its name, its file, or found by columns."""
        from tailorbird import collect, intake

        report = collect.import_file(
            Path(path),
            collect.choose_mapping(Path(path), mapping),
            self.world.log,
            now=self.clock(),
            dry_run=dry_run,
            on_progress=on_progress or (lambda _done, _total: None),
            errors_to=Path(errors_to) if errors_to else self.world.folder / "refused.csv",
        )
        if not dry_run:
            intake.keep_import(self.world, report, self.clock())
        return report

    def ingest(self, on_progress: Progress | None = None) -> flow.Ingested:
        """Turn everything that the log holds into profiles and facts."""
        from tailorbird import flow

        return flow.ingest(self.world, on_progress)

    @property
    def quarantine(self) -> Repair:
        """Return what mends, replays and discards refused records."""
        from tailorbird.repair import Repair

        return Repair(self.world, self.clock())

    @property
    def sources(self) -> Syncs:
        """Return what reads files and databases, by hand and by schedule."""
        from tailorbird.syncs import Syncs

        return Syncs(self.world, self.clock, self.environment)

    @property
    def lists(self) -> Lists:
        """Return what makes lists, and puts people on them."""
        from tailorbird.lists import Lists

        return Lists(self.world, self.clock())

    @property
    def merging(self) -> Merging:
        """Return what makes one person of two, and two of one."""
        from tailorbird.merging import Merging

        return Merging(self.world, self.clock())

    def merge(self, one: str, two: str, *, reason: str, author: str = "") -> PersonId:
        """Make one person of two, named by number or identifier; return the survivor.

        Raises:
            UsageError: one of them is not known, they are one already, or there is no reason.
        """
        survivor, _ = self.merging.merge(one, two, reason=reason, author=author)
        self.ingest()
        return self.world.people.survivor(survivor) or survivor

    def unmerge(
        self, survivor: str, loser: str, *, reason: str, author: str = ""
    ) -> tuple[PersonId, PersonId]:
        """Make two people of one, as if they had never been merged; return their numbers.

        Raises:
            UsageError: they are no two people who were merged, or there is no reason.
        """
        one, two = self.merging.unmerge(survivor, loser, reason=reason, author=author)
        self.ingest()
        people = self.world.people
        return people.survivor(one) or one, people.survivor(two) or two

    def rebuild(self, on_progress: Progress | None = None) -> int:
        """Make the facts anew from the log; return how many records were read."""
        from tailorbird import flow

        return flow.rebuild(self.world, self.clock(), on_progress)

    # -- definitions ----------------------------------------------------------------------------

    def put(
        self, kind: DefinitionKind, name: str, text: Wording, *, author: str = "", reason: str = ""
    ) -> Definition:
        """Keep a new version of a definition, a text or a built segment; the same adds none."""
        from tailorbird import authoring

        return authoring.put(
            self.world, kind, name, text, author=author, reason=reason, now=self.clock()
        )

    def install_library(self) -> list[Definition]:
        """Keep the segments, templates and blocks that come with Tailorbird."""
        from tailorbird import authoring

        return authoring.install_library(self.world, self.clock())

    # -- segments -------------------------------------------------------------------------------

    def refresh(self) -> list[segments.Change]:
        """Bring every segment's membership up to now; return who entered and left."""
        from tailorbird import flow

        return flow.refresh(self.world, self.clock(), time.perf_counter)

    @property
    def readings(self) -> Readings:
        """Return what the pages and the API show."""
        from tailorbird.readings import WorldReadings

        return WorldReadings(self.world)

    @property
    def ready(self) -> Ready:
        """Return the ready kinds: tiers, RFM, engagement and other groups, and clusters."""
        from tailorbird.ready import Ready

        return Ready(self.world, self.clock())

    def segment(self, name: Wording) -> segments.Segment:
        """Return a segment's latest version, or the very one that is given.

        Raises:
            UsageError: there is none of this name.
        """
        from tailorbird import authoring

        return authoring.find_segment(self.world, name)

    def segment_count(self, name: Wording, as_of: Instant | None = None) -> int:
        """Return how many people are in a segment, kept or only built, now or at an instant."""
        from tailorbird import flow

        at = self.clock() if as_of is None else as_of
        return flow.count(self.world, self.segment(name), at)

    def segment_people(
        self, name: Wording, as_of: Instant | None = None, limit: int | None = None
    ) -> list[PersonId]:
        """Return the people of a segment by number, now or at a past instant."""
        from tailorbird import flow

        at = self.clock() if as_of is None else as_of
        return flow.people_in(self.world, self.segment(name), at, limit)

    def verify_segments(self) -> list[tuple[str, PersonId]]:
        """Return (segment, person) wherever membership is wrong; call `refresh` first."""
        from tailorbird import authoring, segments

        standing = authoring.sound_segments(self.world)
        return segments.verify(self.world.facts, standing, now=self.clock())

    def remove_segment(self, name: str, *, author: str = "", reason: str = "") -> Definition:
        """Take a segment that nothing names out of force; its versions and its history stay."""
        from tailorbird import authoring

        now = self.clock()
        return authoring.remove_segment(self.world, name, author=author, reason=reason, now=now)

    # -- recommendations ------------------------------------------------------------------------

    def recommend(
        self, person: str | PersonId, count: int = 8, *, rules: str = "default", category: str = ""
    ) -> Answer:
        """Return what a person is recommended now, each product with its reason and probability.

        Raises:
            UsageError: nobody is known so, or there are no such rules.
        """
        from tailorbird.readings import recommendations

        number = self.person(person) if isinstance(person, str) else person
        return recommendations.of_person(self.world, number, self.clock(), count, rules, category)

    @property
    def recommendations(self) -> Recommendations:
        """Return what guests are recommended, the rules, the report and the audit."""
        from tailorbird.readings.recommendations import Recommendations

        return Recommendations(self.world, self.clock())

    # -- people ---------------------------------------------------------------------------------

    def person(self, identifier: str) -> PersonId:
        """Return the person with this number, address, user id or anonymous id.

        Digits are looked up as a user id first; `person:12` always means the number.

        Raises:
            UsageError: nobody has it.
        """
        number = identifier.removeprefix("person:")
        if number != identifier and number.isascii() and number.isdigit():
            found = self.world.people.survivor(int(number))
        else:
            found = self.world.people.find(identifier)
        if found is None:
            raise UsageError(
                f"nobody is known as {identifier!r}",
                mend="give a person's number, address, user id or anonymous id",
            )
        return found

    # -- learning, campaigns --------------------------------------------------------------------

    def learn(self, names: Sequence[str] | None = None) -> list[ModelCard]:
        """Train and judge the models, all or these; what does not lose serves, and scores all."""
        from tailorbird import retraining

        return retraining.learn(self.world, self.clock(), names)

    def roll_back(self, model: str, version: int, *, reason: str, author: str = "") -> Turn:
        """Have another version of a model serve, and score everybody by it.

        Raises:
            UsageError: there is no such version, it serves already, or there is no reason.
        """
        from tailorbird import learning, serving

        now = self.clock()
        kept = serving.roll_back(self.world, model, version, author=author, reason=reason, now=now)
        learning.score(self.world, now, model)
        return kept

    def model_cards(self) -> list[ModelCard]:
        """Return the card of every model's latest version."""
        from tailorbird import learning

        return learning.cards(self.world)

    def plan(self, campaign: str) -> list[tuple[str, str, str, int]]:
        """Return (verdict, reason, variant, people) as `decide` would decide now."""
        from tailorbird import flow

        return flow.plan(self.world, campaign, self.clock())

    def decide(self, campaign: str, occurrence: str = "1") -> flow.Decided:
        """Decide for everybody in the campaign's audience, and record why."""
        from tailorbird import flow

        return flow.decide(self.world, campaign, self.clock(), occurrence)

    def deliver(self) -> delivery.DeliveryReport:
        """Send what was decided and not yet sent."""
        from tailorbird import flow

        return flow.deliver(self.world, self.clock(), clock=self.clock)

    def experiment(self, campaign: str) -> tuple[experiments.Verdict, list[experiments.Outcome]]:
        """Return what a campaign changed."""
        from tailorbird import results

        return results.read_experiment(self.world, campaign, self.clock())

"""Clusters of people over a data folder: trained by command, assigned by rule, kept as a trait.

Only people with a training permit are learnt from; only those with a permit for personalisation are
assigned. What is assigned goes into the log as the trait `cluster_NAME`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import numpy as np

from tailorbird import durations, learning, predict, segments, yaml_text
from tailorbird.errors import DefinitionError, ModelError, UsageError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.recalculating import Recalculated, due, keep
from tailorbird.schema import DAY, Definition, Instant, PersonId, Scalar
from tailorbird.segments import broken
from tailorbird.segments.groups_text import CALENDAR, NAME
from tailorbird.serving import kept
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.table import table
from tailorbird.world import World
from tailorbird.yaml_text import nearest

KEPT_AS: Final = "cluster_"
MODEL: Final = "cluster_"
NOBODY: Final = "none"
"""The label of who is not, or no longer, among those who are clustered."""
REPORT: Final = "report.json"
MOST_FEATURES: Final = 20
CHANCE: Final = "the same features, each shuffled on its own"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wants clustered: by which traits, how, among whom, and how often anew.

    Of `count` (K-means), `radius` (DBSCAN) and `least` (HDBSCAN) the one of the method may be set;
    otherwise it is proposed. `train` is how often they are trained anew by themselves, '' for only
    by command; `assign` how often everybody is held to them again.
    """

    name: str
    features: tuple[str, ...]
    method: predict.Method = "kmeans"
    description: str = ""
    among: str = ""
    count: int | None = None
    radius: float | None = None
    least: int | None = None
    assign: str = "daily"
    train: str = ""
    seed: int = 7

    @property
    def setting(self) -> float | None:
        """Return what the author set of the method, None where it is to be proposed."""
        chosen = {"kmeans": self.count, "dbscan": self.radius, "hdbscan": self.least}[self.method]
        return None if chosen is None else float(chosen)


def parse(text: str, file: str) -> Wanted:
    """Return what a YAML text wants clustered.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, file)
    wanted = yaml_text.convert(document, Wanted)
    for key, what, mend in _faults(wanted):
        raise DefinitionError(what, where=document.where((key,)), mend=mend)
    return wanted


def check(world: World, name: str, text: str, standing: Sequence[segments.Segment]) -> None:
    """Return when a definition is valid among the segments that stand.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"clusters/{name}.yaml"
    wanted = parse(text, file)
    yaml_text.check_name(wanted.name, name, file)
    known = [segment.name for segment in standing]
    if wanted.among and wanted.among not in known:
        what = f"no segment {wanted.among!r}"
        raise DefinitionError(what, where=file, mend=nearest(wanted.among, known))


def wanted(world: World) -> list[Wanted]:
    """Return the latest version of every definition that can be read, by name."""
    found = (_or_why(each) for each in world.definitions.latest("clusters"))
    return [each for each in found if isinstance(each, Wanted)]


def troubles(world: World) -> list[str]:
    """Return why each of the other definitions cannot be read, and how it is mended."""
    found = (_or_why(each) for each in world.definitions.latest("clusters"))
    return [each.sentence() for each in found if isinstance(each, DefinitionError)]


def _or_why(found: Definition) -> Wanted | DefinitionError:
    try:
        return _read(found)
    except DefinitionError as error:
        return error


def find(world: World, name: str) -> Wanted:
    """Return a definition's latest version.

    Raises:
        UsageError: there is none of this name.
    """
    found = world.definitions.get("clusters", name)
    if found is None:
        known = [each.name for each in world.definitions.latest("clusters")]
        mend = nearest(name, known) if known else "add some with `tailorbird clusters add`"
        raise UsageError(f"no clusters {name!r}", mend=mend)
    return _read(found)


def train(
    world: World, asked: Wanted, standing: Sequence[segments.Segment], now: Instant
) -> predict.ClusterReport:
    """Train, judge and keep clusters; return what was found.

    Clusters that are stable and beat chance serve; otherwise what served before goes on serving.

    Raises:
        ModelError: there are too few people, or nothing to be found.
    """
    before = serving(world, asked.name)
    people = learnable(world, asked, standing, now)
    rows = table(world.facts, asked.features, as_of=now, people=people)
    model, report = predict.train_clusters(
        rows,
        asked.features,
        method=asked.method,
        rng=np.random.default_rng(asked.seed),
        setting=asked.setting,
        before=before,
    )
    card = msgspec.json.encode(_card(asked, report, now))
    files = model.files() | {REPORT: msgspec.json.encode(report)}
    world.models.put(f"{MODEL}{asked.name}", files, card)
    return report


def learnable(
    world: World, asked: Wanted, standing: Sequence[segments.Segment], now: Instant
) -> list[PersonId]:
    """Return who is clustered and may be learnt from."""
    return _among(world, asked, standing, now, learning.trainees(world, now))


def serving(world: World, name: str) -> predict.Clusters | None:
    """Return the latest clusters that serve, None where none do."""
    for version in range(world.models.latest(f"{MODEL}{name}"), 0, -1):
        found = kept(world, f"{MODEL}{name}", version)
        if found and msgspec.json.decode(found[2], type=ModelCard).serves:
            return predict.load_clusters(found[1])
    return None


def report(world: World, name: str) -> predict.ClusterReport | None:
    """Return what the latest training found, None before the first."""
    found = kept(world, f"{MODEL}{name}")
    if found is None:
        return None
    return msgspec.json.decode(found[1][REPORT], type=predict.ClusterReport)


def assign(
    world: World, asked: Wanted, standing: Sequence[segments.Segment], now: Instant
) -> Recalculated | None:
    """Keep in the log who is in which cluster now, without refitting; None while none serve.

    Only changes are written. Whoever is no longer among those who are clustered is in `none`.
    """
    model = serving(world, asked.name)
    if model is None:
        return None
    done = _assigned(world, asked, model, standing, now, AT_ONCE)
    _note(world, done)
    return done


def _assigned(
    world: World,
    asked: Wanted,
    model: predict.Clusters,
    standing: Sequence[segments.Segment],
    now: Instant,
    work: Work,
) -> Recalculated:
    """Tell the log who is in which cluster now."""
    import pyarrow as pa

    allowed = learning.trainees(world, now, "personalisation")
    people = _among(world, asked, standing, now, allowed)
    rows = table(world.facts, asked.features, as_of=now, people=people)
    everybody = table(world.facts, [], as_of=now)["person"].to_numpy()
    labels = np.full(len(everybody), NOBODY, object)
    if rows.num_rows:
        codes, each = np.unique(model.assign(rows), return_inverse=True)
        names = np.array([model.label(code) for code in codes.tolist()], object)
        known = np.isin(everybody, rows["person"].to_numpy())
        labels[known] = names[each]
    found = pa.table({"person": everybody, "label": pa.array(labels, pa.string())})
    kept = keep(world, f"{KEPT_AS}{asked.name}", found, NOBODY, now, work)
    counts = {name: kept.get(name, 0) for name in (*model.names, model.label(-1))}
    return Recalculated(asked.name, now, counts, kept[""])


def _note(world: World, done: Recalculated) -> None:
    """Keep that everybody was held to the clusters."""
    world.log.append_from(_reader(done.name), [], str(done.at))


def assigned(world: World, name: str) -> Instant:
    """Return when everybody was assigned last, 0 for never."""
    return int(world.log.progress(_reader(name)) or 0)


def recalculate_due(
    world: World, standing: Sequence[segments.Segment], now: Instant, work: Work = AT_ONCE
) -> list[Recalculated]:
    """Train and assign the clusters whose time has come; untrained ones wait for the command.

    Where there is nothing to be found now, what served goes on serving until the next time.
    """
    done = []
    for asked in wanted(world):
        card = learning.card(world, f"{MODEL}{asked.name}")
        known = not asked.among or any(each.name == asked.among for each in broken.sound(standing))
        if card is None or not known:
            continue
        _train_if_due(world, asked, standing, now, card.trained_at, work)
        model = serving(world, asked.name)
        if model is None or not due(asked.assign, assigned(world, asked.name), now):
            continue
        name = f"clusters {asked.name}"
        found = work(name, partial(_assigned, world, asked, model, standing, now, work))
        if found:
            _note(world, found)
            done.append(found)
    return done


def _train_if_due(
    world: World,
    asked: Wanted,
    standing: Sequence[segments.Segment],
    now: Instant,
    trained_at: Instant,
    work: Work,
) -> None:
    name = f"training of {asked.name}"
    tried = int(world.log.progress(_trials(asked.name)) or trained_at)
    starts = bool(asked.train) and due(asked.train, tried, now) and not work.asked(name)
    if starts:
        # Before it begins: a training that ends the server must not do so at every start.
        world.log.append_from(_trials(asked.name), [], str(now))
    if starts or work.asked(name):
        with suppress(ModelError):
            # Segments with a schedule do not wait for a training.
            work(name, partial(train, world, asked, standing, now), lane="training")


def _among(
    world: World,
    asked: Wanted,
    standing: Sequence[segments.Segment],
    now: Instant,
    allowed: list[PersonId],
) -> list[PersonId]:
    if not asked.among:
        return allowed
    segment = next((each for each in standing if each.name == asked.among), None)
    if segment is None:
        what = f"no segment {asked.among!r}"
        raise UsageError(what, where=asked.name, mend="name another in `among`")
    members = set(segments.people(world.facts, segment, standing, as_of=now))
    return [person for person in allowed if person in members]


def _card(asked: Wanted, report: predict.ClusterReport, now: Instant) -> ModelCard:
    parameters: dict[str, Scalar] = {
        "method": report.method,
        "setting": report.setting,
        "proposed": report.proposed,
        "clusters": ", ".join(each.name for each in report.clusters),
        "noise": report.noise,
        "seed": asked.seed,
    }
    gain = report.silhouette - report.shuffled
    return ModelCard(
        name=f"{MODEL}{asked.name}",
        kind="clusters",
        version=0,
        trained_at=now,
        train_window=(0, now),
        test_window=(now, now),
        people=report.people,
        features=asked.features,
        parameters=parameters,
        measures=(
            Measure("silhouette", report.silhouette, report.shuffled, CHANCE, gain, gain),
            Measure("stability", report.stability, 0.0, "chance", report.worst, 1.0),
        ),
        serves=report.serves,
        why=report.why,
    )


def _faults(wanted: Wanted) -> list[tuple[str, str, str]]:
    faults = []
    if not NAME.fullmatch(wanted.name):
        mend = "use lower-case letters, digits, _ and -"
        faults.append(("name", f"{wanted.name!r} cannot be a name", mend))
    numbers = [name for name, each in TRAITS.items() if each.type in ("integer", "millionths")]
    for name in wanted.features:
        if name not in numbers:
            what = f"the trait {name!r} is no computed number"
            faults.append(("features", what, nearest(name, numbers)))
    if not 2 <= len(set(wanted.features)) <= MOST_FEATURES or len(set(wanted.features)) < len(
        wanted.features
    ):
        what = f"{len(wanted.features)} features"
        faults.append(("features", what, f"name 2 to {MOST_FEATURES} of them, each once"))
    of = {"count": "kmeans", "radius": "dbscan", "least": "hdbscan"}
    for key, method in of.items():
        value = getattr(wanted, key)
        if value is not None and (wanted.method != method or value <= (key == "count")):
            what = f"{key!r} {value} does not fit {wanted.method}"
            faults.append((key, what, f"it is for {method}, and positive"))
    for key in ("assign", "train"):
        length = getattr(wanted, key)
        if length and length not in CALENDAR and (durations.read(length) or 0) < DAY:
            mend = f"write {', '.join(CALENDAR)}, or a length such as 30d"
            faults.append((key, f"{length!r} is no time between calculations", mend))
    return faults


def _read(found: Definition) -> Wanted:
    return parse(found.text, f"clusters/{found.name}.yaml")


def _trials(name: str) -> str:
    return f"clusters-train:{name}"


def _reader(name: str) -> str:
    return f"clusters:{name}"

"""`tailorbird clusters`: find groups of people that nobody named, and put everybody into them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.kept_commands import keep
from tailorbird.cli.output import emit, read_text, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.views.clusters import ClusterSet

app = typer.Typer(help="Clusters of people by their traits.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name of the clusters.")]


@app.command("list")
def list_clusters(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List all clusters with what their latest training found."""
    with opened(folder) as tb:
        found = tb.readings.cluster_sets()
    rows = [(each.name, each.method, len(each.clusters), each.why) for each in found]
    lines = table(("clusters", "by", "found", "how they stand"), rows)
    emit(found, lines if rows else ["none yet; `tailorbird clusters add FILE`"], as_json=as_json)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="What to cluster, in YAML.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check what is wanted and keep it as a new version; `train` finds the clusters."""
    with opened(folder) as tb:
        kept = tb.put("clusters", file.stem, read_text(file))
    line = f"clusters {kept.name}, version {kept.version}"
    emit({"clusters": kept.name, "version": kept.version}, [line], as_json=as_json)


@app.command()
def train(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Find clusters, judge them, and put everybody into the one that fits."""
    with opened(folder) as tb:
        tb.ingest()
        tb.ready.train_clusters(name)
        tb.ingest()
        found = _found(tb, name)
    emit(found, _lines(found), as_json=as_json)


@app.command()
def show(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what the latest training found: sizes, stability, what sets each cluster apart."""
    with opened(folder) as tb:
        found = _found(tb, name)
    emit(found, _lines(found), as_json=as_json)


@app.command()
def assign(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Put everybody into the clusters that serve, without training them anew."""
    with opened(folder) as tb:
        tb.ingest()
        kept = tb.ready.assign_clusters(name)
        tb.ingest()
    lines = table(("cluster", "people"), list(kept.people.items()))
    emit(kept, [*lines, f"{kept.changed:,} changed since the last time"], as_json=as_json)


def _found(tb: Tailorbird, name: str) -> ClusterSet:
    found = tb.readings.cluster_set(name)
    if found is None:
        mend = "see `tailorbird clusters list`"
        raise UsageError(f"no clusters {name!r}", mend=mend)
    return found


def _lines(found: ClusterSet) -> list[str]:
    if not found.clusters:
        return [f"{found.name}: {found.why}"]
    rows = [
        (
            each.label,
            each.people,
            ", ".join(f"{name} {gap:+.1f}" for name, gap in list(each.differences.items())[:3]),
        )
        for each in found.clusters
    ]
    tried = [
        (f"{each.setting:g}", each.clusters, f"{each.noise:.1%}", each.silhouette, each.stability)
        for each in found.candidates
    ]
    return [
        *table(("cluster", "people", "apart from all, in deviations"), rows),
        f"noise: {found.noise:,} of {found.people:,} people",
        found.why,
        "",
        *table(("setting", "clusters", "noise", "silhouette", "stability"), tried),
        f"{found.setting:g} was {'proposed' if found.proposed else 'set'}; the trait is "
        f"{found.kept_as}",
    ]


keep(app, "clusters")

"""Clusters of people as they serve: standardised features, a rule for new people, NumPy arrays.

Nothing is fitted here. K-means gives everybody the nearest centre. DBSCAN gives the cluster of the
nearest core point within its radius, else noise. HDBSCAN gives what the nearest person trained on
is, noise included, and noise to whoever is farther from her than her cluster reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.predict.arrays import array
from tailorbird.predict.propensity import numbers

if TYPE_CHECKING:
    import pyarrow as pa

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]
Method = Literal["kmeans", "dbscan", "hdbscan"]
FORMAT: Final = 1
NOISE: Final = -1
NOISE_LABEL: Final = "noise"
AT_ONCE: Final = 50_000


class Feature(msgspec.Struct, frozen=True):
    """How a trait is standardised: its logarithm with sign, less the mean, by the deviation.

    `missing` stands for a person without the trait, on the scale of the logarithm.
    """

    name: str
    mean: float
    deviation: float
    missing: float

    def standardised(self, table: pa.Table) -> Floats:
        """Return the column on the standardised scale."""
        values = spread(numbers(table, self.name))
        return (np.where(np.isnan(values), self.missing, values) - self.mean) / self.deviation


class Clusters(msgspec.Struct, frozen=True):
    """A trained clustering; new people are held to `points`, their `labels` and their `reach`."""

    method: Method
    features: tuple[Feature, ...]
    names: tuple[str, ...]
    points: bytes
    labels: bytes
    reach: bytes
    """How far each point holds: endless, the radius, or the widest gap of its cluster."""
    format: int = FORMAT

    def assign(self, table: pa.Table) -> Labels:
        """Return each row's cluster, -1 for noise, without fitting anything."""
        return nearest(
            standardised(self.features, table),
            array(self.points),
            array(self.labels).astype(np.int64),
            array(self.reach),
        )

    def label(self, cluster: int) -> str:
        """Return the name of a cluster."""
        return NOISE_LABEL if cluster == NOISE else self.names[cluster]

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: one JSON file, and arrays without pickle."""
        bare = msgspec.structs.replace(self, points=b"", labels=b"", reach=b"")
        return {
            "clusters.json": msgspec.json.encode(bare),
            "points.npy": self.points,
            "labels.npy": self.labels,
            "reach.npy": self.reach,
        }


def load(files: Mapping[str, bytes]) -> Clusters:
    """Return the clusters whose `files()` these are.

    Raises:
        ModelError: a file is missing, damaged, or of a newer format.
    """
    try:
        bare = msgspec.json.decode(files["clusters.json"], type=Clusters)
        arrays = {name: files[f"{name}.npy"] for name in ("points", "labels", "reach")}
    except (KeyError, msgspec.DecodeError) as error:
        what = f"the files cannot be read ({error})"
        raise ModelError(what, where="clusters", mend="train them again") from error
    if bare.format != FORMAT:
        what = f"format {bare.format} is not {FORMAT}"
        raise ModelError(what, where="clusters", mend="train them again")
    return msgspec.structs.replace(bare, **arrays)


def spread(values: Floats) -> Floats:
    """Return the logarithm of each value's size, with its sign: a long tail weighs less.

    >>> spread(np.array([0.0, 1.0, -1.0])).round(3).tolist()
    [0.0, 0.693, -0.693]
    """
    return np.sign(values) * np.log1p(np.abs(values))


def standardised(features: tuple[Feature, ...], table: pa.Table) -> Floats:
    """Return the rows on the standardised scale, one column a feature."""
    return np.stack([feature.standardised(table) for feature in features], axis=1)


def nearest(rows: Floats, points: Floats, labels: Labels, reach: Floats) -> Labels:
    """Return the label of each row's nearest point, noise where it lies beyond that one's reach."""
    found = np.full(len(rows), NOISE, np.int64)
    if not len(points):
        return found
    for start in range(0, len(rows), AT_ONCE):
        chunk = rows[start : start + AT_ONCE]
        far, at = _closest(chunk, points)
        found[start : start + AT_ONCE] = np.where(far <= reach[at], labels[at], NOISE)
    return found


def _closest(rows: Floats, points: Floats) -> tuple[Floats, Labels]:
    """Return the distance to each row's nearest point, and its place; of equals the first."""
    if len(points) <= 64:
        gaps = np.stack([((rows - point) ** 2).sum(axis=1) for point in points], axis=1)
        at = gaps.argmin(axis=1)
        return np.sqrt(gaps[np.arange(len(rows)), at]), at
    from scipy.spatial import cKDTree

    far, at = cKDTree(points).query(rows)
    return np.asarray(far), np.asarray(at, np.int64)

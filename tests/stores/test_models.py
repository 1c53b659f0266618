"""Model files: versions by content, and no changed file is ever served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tailorbird.errors import ModelError
from tailorbird.stores.models import FileModels


def test_versions_count_up_and_the_same_model_is_kept_once(tmp_path: Path) -> None:
    models = FileModels(tmp_path)
    assert models.put("churn", {"w": b"1"}, b"card") == 1
    assert models.put("churn", {"w": b"1"}, b"card") == 1
    assert models.put("churn", {"w": b"2"}, b"card") == 2
    assert models.get("churn") == (2, {"w": b"2"}, b"card")
    assert models.get("churn", 1) == (1, {"w": b"1"}, b"card")
    assert models.names() == ["churn"]
    assert models.get("absent") is None


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    models = FileModels(tmp_path)
    models.put("churn", {"w": b"weights"}, b"card")
    for path in (tmp_path / "objects").iterdir():
        path.write_bytes(b"something else")
    with pytest.raises(ModelError, match="missing or was changed; train the model again"):
        models.get("churn")


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    for name in ("../up", "a/b", "objects", "", "A"):
        with pytest.raises(ModelError, match="cannot be named"):
            FileModels(tmp_path / "models").put(name, {}, b"card")

"""Model files: versions by content, and no changed file is ever served."""

from __future__ import annotations

import json
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


def test_a_card_is_read_without_the_model_whose_files_are_looked_at_when_it_serves(
    tmp_path: Path,
) -> None:
    models = FileModels(tmp_path, b"key of this folder")
    models.put("churn", {"w": b"weights"}, b"card")
    models.put("churn", {"w": b"others"}, b"card of others")
    for path in (tmp_path / "objects").iterdir():
        if path.read_bytes() in (b"weights", b"others"):
            path.unlink()
    assert models.card("churn") == (2, b"card of others")
    assert models.card("churn", 1) == (1, b"card")
    assert (models.card("churn", 3), models.card("absent")) == (None, None)
    with pytest.raises(ModelError, match="missing or was changed"):
        models.get("churn")


@pytest.mark.parametrize("changed", ["the card", "the manifest", "the key"])
def test_a_card_that_was_changed_is_refused(tmp_path: Path, changed: str) -> None:
    models = FileModels(tmp_path, b"key of this folder")
    models.put("churn", {"w": b"weights"}, b"card")
    match changed:
        case "the card":
            for path in (tmp_path / "objects").iterdir():
                path.write_bytes(b"it surely wins")
        case "the manifest":
            told = json.loads(_manifest(tmp_path).read_bytes())
            _manifest(tmp_path).write_text(json.dumps(told | {"files": {}}))
        case _:
            models = FileModels(tmp_path, b"another folder's key")
    with pytest.raises(ModelError, match="train the model again"):
        models.card("churn")


def _manifest(folder: Path, version: int = 1) -> Path:
    return folder / "churn" / f"{version}.json"


def test_what_the_folders_key_has_not_signed_is_refused(tmp_path: Path) -> None:
    models = FileModels(tmp_path, b"key of this folder")
    models.put("churn", {"w": b"weights"}, b"card")
    assert models.get("churn") == (1, {"w": b"weights"}, b"card")
    mend = "train the model again"
    with pytest.raises(ModelError, match=rf"has not signed.*{mend}"):
        FileModels(tmp_path, b"another folder's key").get("churn")
    unsigned = FileModels(tmp_path / "unsigned")
    unsigned.put("churn", {"w": b"weights"}, b"card")
    with pytest.raises(ModelError, match="has not signed"):
        FileModels(tmp_path / "unsigned", b"key of this folder").get("churn")


@pytest.mark.parametrize("where", ["files", "card", "version"])
def test_a_manifest_that_was_changed_is_refused(tmp_path: Path, where: str) -> None:
    """Whoever can write into the folder, but has not its key, can serve nothing of his own."""
    models = FileModels(tmp_path, b"key of this folder")
    models.put("churn", {"w": b"weights"}, b"card")
    models.put("churn", {"w": b"others"}, b"card of others")
    first, second = (json.loads(_manifest(tmp_path, n).read_bytes()) for n in (1, 2))
    changed = second | {where: first[where]} if where in second else first
    _manifest(tmp_path, 2).write_text(json.dumps(changed))
    with pytest.raises(ModelError, match="has not signed"):
        models.get("churn")
    assert models.put("churn", {"w": b"weights"}, b"card") == 3
    assert models.get("churn") == (3, {"w": b"weights"}, b"card")


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    models = FileModels(tmp_path, b"key of this folder")
    models.put("churn", {"w": b"weights"}, b"card")
    _manifest(tmp_path).write_bytes(b"{")
    with pytest.raises(ModelError, match=r"cannot be read.*train the model again"):
        models.get("churn")
    assert models.put("churn", {"w": b"weights"}, b"card") == 2


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    for name in ("../up", "a/b", "objects", "", "A"):
        with pytest.raises(ModelError, match="cannot be named"):
            FileModels(tmp_path / "models").put(name, {}, b"card")

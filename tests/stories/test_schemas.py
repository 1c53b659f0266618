"""Published JSON Schemas: what comes with Tailorbird is valid by them, and slips are not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.as_code import schemas
from tailorbird.as_code.places import PLACES, YAML
from tailorbird.errors import TailorbirdError

SLIPS = [
    ("campaign", "holdout: 0.1", "holdout: 1.5"),
    ("campaign", "audience: lapsed-gold\n", ""),
    ("clusters", "method: kmeans", "method: guess"),
    ("form", "kind: email", "kind: emial"),
    ("groups", "more_than: 12", "more_then: 12"),
    ("image", "size: [600, 200]", "size: [600]"),
    ("imputation", "fill: median", "fill: middle"),
    ("list", "name: press", "name: Press!"),
    ("mapping", "type: integer", "type: whole"),
    ("model", "event: purchase", "evnt: purchase"),
    ("segment", "at_least: 5", "at_leest: 5"),
    ("slot", "at_least: 5", "at_leest: 5"),
    ("slot", "- elif:", "- elsif:"),
    ("source", "kind: file", "kind: fax"),
    ("texts", "hello: Hallo", "hello: 7"),
    ("tracking_plan", "type: number", "type: numbre"),
]


def valid(name: str, text: str) -> bool:
    """Return whether a text is valid by a schema."""
    checks: bool = jsonschema_rs.validator_for(schemas.schema(name)).is_valid(yaml.safe_load(text))
    return checks


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_one_and_says_what_it_describes(name: str) -> None:
    found = schemas.schema(name)
    jsonschema_rs.meta.validate(found)
    assert found["$id"] == f"urn:tailorbird:schema:{name}"
    for example in found.get("examples", []):
        jsonschema_rs.validator_for(found).validate(example)


def test_every_kind_that_is_yaml_has_a_schema_with_an_example() -> None:
    kinds = {place.kind for place in PLACES if place.endings == YAML}
    assert kinds == {*schemas.names()} - {"settings"}
    assert {kind for kind in kinds if not schemas.example_text(kind)} == set()


@pytest.mark.parametrize(("name", "right", "wrong"), SLIPS)
def test_a_slip_is_not_valid(name: str, right: str, wrong: str) -> None:
    text = schemas.example_text(name)
    assert right in text
    assert valid(name, text)
    assert not valid(name, text.replace(right, wrong, 1))


def test_what_stands_below_a_field_is_its_description() -> None:
    campaign = schemas.schema("campaign")["$defs"]["Campaign"]["properties"]
    assert campaign["brand"]["description"].startswith("The sender of the settings")


def test_what_comes_with_tailorbird_is_valid(tmp_path: Path) -> None:
    with Tailorbird.open(tmp_path / "shop", clock=lambda: 0, environment={}) as tb:
        kept = tb.install_library()
    texts: list[tuple[str, str]] = [
        (each.kind, each.text) for each in kept if each.kind not in ("template", "block")
    ]
    for kind, folder in (("groups", "segments/groups_library"), ("mapping", "collect/mappings")):
        found = files("tailorbird").joinpath(folder).iterdir()
        texts += [(kind, f.read_text("utf-8")) for f in found if f.name.endswith(".yaml")]
    assert len(texts) > 15
    for kind, text in texts:
        jsonschema_rs.validator_for(schemas.schema(kind)).validate(yaml.safe_load(text))


def test_examples_are_what_the_readers_take(tmp_path: Path) -> None:
    needs = {"segment": ("complained",), "campaign": ("lapsed-gold", "complained")}
    plain = "name: {}\nwhere: {{trait: orders, at_least: 1}}\n"
    with Tailorbird.open(tmp_path / "shop", clock=lambda: 0, environment={}) as tb:
        tb.install_library()
        for place in PLACES:
            if place.kind not in schemas.names():
                continue
            for name in needs.get(place.kind, ()):
                tb.put("segment", name, plain.format(name))
            text = schemas.example_text(place.kind)
            said = yaml.safe_load(text).get(place.says_name or "", place.kind)
            tb.put(place.kind, said, text)


def test_the_command_prints_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "campaign"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == schemas.schema("campaign")
    assert cli.run(["schema", "campain"]) == TailorbirdError.exit_status + 1
    assert "did you mean 'campaign'?" in capsys.readouterr().err


def test_the_command_writes_all_schemas_or_one_into_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["schema", "--to", str(tmp_path / "a/.schemas")]) == 0
    found = {each.name for each in (tmp_path / "a/.schemas").iterdir()}
    assert found == {f"{name}.json" for name in schemas.names()}
    assert cli.run(["schema", "campaign", "--to", str(tmp_path / "b"), "--json"]) == 0
    only = tmp_path / "b/campaign.json"
    assert [*(tmp_path / "b").iterdir()] == [only]
    assert only.read_text(encoding="utf-8") == schemas.schema_text("campaign")
    assert str(only) in capsys.readouterr().out


def test_a_schema_that_cannot_be_written_says_where_and_nothing_unknown_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    assert cli.run(["schema", "campaign", "--to", str(taken)]) != 0
    assert f"{taken}/campaign.json: it cannot be written" in capsys.readouterr().err
    assert cli.run(["schema", "campain", "--to", str(tmp_path / "new")]) != 0
    assert "did you mean 'campaign'?" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()

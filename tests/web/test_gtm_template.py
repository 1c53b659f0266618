"""The Google Tag Manager template, as far as it can be judged without Google.

Its sections parse, its script keeps to the sandbox's language and asks for no more than it is
permitted, and its own scenarios hold over a fake of the documented APIs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

TEMPLATE = Path(__file__).parents[2] / "sdk" / "gtm" / "template.tpl"
SANDBOX = Path(__file__).parent / "gtm_sandbox.mjs"
PERMISSION_OF = {
    "addConsentListener": "access_consent",
    "createArgumentsQueue": "access_globals",
    "injectScript": "inject_script",
    "isConsentGranted": "access_consent",
    "setInWindow": "access_globals",
}
FREE = {"encodeUriComponent", "getType", "makeTableMap"}
FORBIDDEN = r"\b(new|this|class|async|await|function\*|window|document|eval|typeof|instanceof)\b"


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    parts = re.split(r"^___([A-Z_]+)___$", TEMPLATE.read_text(encoding="utf-8"), flags=re.M)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.fixture(scope="module")
def permissions(sections: dict[str, str]) -> dict[str, Any]:
    found = json.loads(sections["WEB_PERMISSIONS"])
    return {each["instance"]["key"]["publicId"]: each["instance"]["param"] for each in found}


@pytest.fixture(scope="module")
def results(sections: dict[str, str]) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on the PATH (Debian: apt-get install nodejs)")
    asked = {
        "script": sections["SANDBOXED_JS_FOR_WEB_TEMPLATE"],
        "scenarios": yaml.safe_load(sections["TESTS"])["scenarios"],
    }
    said = subprocess.run(
        [node, SANDBOX], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def listed(parameters: Any) -> list[Any]:
    """Return the items of a permission's only parameter."""
    (parameter,) = parameters
    items: list[Any] = parameter["value"]["listItem"]
    return items


def test_it_describes_itself_as_a_tag_for_the_web(sections: dict[str, str]) -> None:
    info = json.loads(sections["INFO"])
    assert (info["type"], info["containerContexts"]) == ("TAG", ["WEB"])
    assert info["displayName"] == "Tailorbird"


def test_the_script_reads_parameters_that_exist(sections: dict[str, str]) -> None:
    names = {each["name"] for each in json.loads(sections["TEMPLATE_PARAMETERS"])}
    script = sections["SANDBOXED_JS_FOR_WEB_TEMPLATE"]
    read = set(re.findall(r"\bdata\.(\w+)", script)) - {"gtmOnSuccess", "gtmOnFailure"}
    assert read == names


def test_conditions_name_parameters_that_exist(sections: dict[str, str]) -> None:
    parameters = json.loads(sections["TEMPLATE_PARAMETERS"])
    names = {each["name"] for each in parameters}
    asked = {
        condition["paramName"]
        for each in parameters
        for condition in each.get("enablingConditions", [])
    }
    assert asked <= names


def test_the_script_keeps_to_the_language_of_the_sandbox(sections: dict[str, str]) -> None:
    script = re.sub(r"//.*|'[^']*'", "", sections["SANDBOXED_JS_FOR_WEB_TEMPLATE"])
    assert re.findall(FORBIDDEN, script) == []


def test_it_asks_for_what_it_uses_and_no_more(
    sections: dict[str, str], permissions: dict[str, Any]
) -> None:
    script = sections["SANDBOXED_JS_FOR_WEB_TEMPLATE"]
    required = set(re.findall(r"require\('(\w+)'\)", script))
    assert required <= {*PERMISSION_OF, *FREE}
    assert {PERMISSION_OF[name] for name in required - FREE} == set(permissions)
    types = {each["mapValue"][0]["string"] for each in listed(permissions["access_consent"])}
    assert types == set(re.findall(r"(\w+_storage):", script))
    keys = {each["mapValue"][0]["string"] for each in listed(permissions["access_globals"])}
    assert keys == {"tailorbird", "tailorbird.q", "tailorbirdConsent"}


def test_its_own_scenarios_hold(results: dict[str, Any]) -> None:
    assert {name: each["failed"] for name, each in results.items() if each["failed"]} == {}
    assert len(results) == 7


def test_what_it_loads_is_permitted(results: dict[str, Any], permissions: dict[str, Any]) -> None:
    patterns = [each["string"] for each in listed(permissions["inject_script"])]
    urls = {url for each in results.values() for url in each["urls"]}
    assert {url for url in urls if not any(fnmatchcase(url, p) for p in patterns)} == set()
    assert {
        "https://mail.shop.example/tb.js?key=shop%20web",
        "https://mail.shop.example/tb.js?key=k&auto=0",
    } <= urls

"""How many 60 KB mails one core renders, beside other template engines on the same mail.

Ours is the shipped win-back template with 24 products; the peers get the same HTML, printed from
our tree in their language, and must give the same page before they are timed. Peers that are not
installed are named as such. The last line printed is one JSON object.

    python benchmarks/render.py [--quick]
"""

from __future__ import annotations

import html
import importlib
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from tailorbird import content
from tailorbird.content.email import html_tree
from tailorbird.content.filters.money import money
from tailorbird.content.tree import (
    Assign,
    Body,
    Case,
    Compare,
    Constant,
    Expression,
    Filtered,
    For,
    If,
    Link,
    Node,
    Output,
    Partial,
    Special,
    Text,
)
from tailorbird.content.tree import (
    Path as LookUp,
)

GOAL_PER_SECOND = 8_000
RESULTS = Path(__file__).parent / "results" / "render.json"
Values = dict[str, Any]
Render = Callable[[Values], str]
Language = Literal["jinja", "liquid"]


def people(number: int) -> list[Values]:
    """Return the values of so many people, no two the same."""
    return [
        {
            "person": {"first_name": None if row % 7 == 0 else f"Ada {row} & Co"},
            "traits": {
                "tier": ("gold", "silver", "bronze", None)[row % 4],
                "recency_days": row,
                "favourite_category": "Tea & Coffee" if row % 2 else None,
            },
            "recommendations": [product(row, place) for place in range(24)],
            "shop": {"name": "Sample shop", "url": "https://shop.example", "currency": "EUR"},
            "sender": {"name": "Sample Ltd", "postal_address": "1 Sample Street, Sampleton"},
            "unsubscribe_url": f"https://mail.example/u?t={row}&z=1",
            "view_url": f"https://mail.example/v?t={row}",
            "preferences_url": "",
            "demo": False,
            "pixel_url": "",
        }
        for row in range(number)
    ]


def product(row: int, place: int) -> Values:
    """Return one of a person's products."""
    number = row * 31 + place
    return {
        "name": f"Tea pot {number} <blue>",
        "price_minor": 999 + number,
        "currency": "EUR",
        "url": f"https://shop.example/products/{number}?from=mail&size=m",
        "image": f"https://shop.example/images/{number}.png" if place % 5 else "",
        "reason": "Often bought with your cups" if place % 2 else "",
    }


class Printer:
    """Writes a tree in the language of a peer, as far as the shipped template goes."""

    def __init__(self, language: Language) -> None:
        self.jinja = language == "jinja"

    def body(self, body: Body) -> str:
        return "".join(map(self.node, body))

    def node(self, node: Node) -> str:
        match node:
            case Text(text):
                return text
            case Output(value):
                return self.printed(value)
            case Link(_, (Output(value),)):
                return self.printed(value)
            case Link(_, (Text(text),)):
                return html.escape(text)
            case If(branches, otherwise):
                parts = [
                    f"{{% {'if' if place == 0 else self.elsif} {self.test(branch.test)} %}}"
                    + self.body(branch.body)
                    for place, branch in enumerate(branches)
                ]
                return "".join(parts) + "{% else %}" + self.body(otherwise) + "{% endif %}"
            case Case(subject, arms):
                parts = [
                    f"{{% {'if' if place == 0 else self.elsif} "
                    f"{self.value(subject)} == {self.value(values[0])} %}}{self.body(body)}"
                    for place, (values, body) in enumerate(arms)
                ]
                return "".join(parts) + "{% endif %}"
            case For(each, body):
                found = self.value(each.collection)
                return f"{{% for {each.variable} in {found} %}}{self.body(body)}{{% endfor %}}"
            case Partial(body=body) if body is not None:
                return self.body(body)
            case Assign():
                return ""
        raise NotImplementedError(type(node).__name__)

    @property
    def elsif(self) -> str:
        return "elif" if self.jinja else "elsif"

    def printed(self, value: Expression) -> str:
        return "{{ " + self.value(value) + (" | e }}" if self.jinja else " | escape }}")

    def test(self, test: Expression) -> str:
        match test:
            case Compare("!=", left, Special()):
                return self.value(left) if self.jinja else f"{self.value(left)} != blank"
            case Compare(operator, left, right):
                first = self.value(left)
                guard = f"{first} is defined and {first} and " if self.jinja else ""
                return f"{guard}{first} {operator} {self.value(right)}"
        return self.value(test)

    def value(self, value: Expression) -> str:
        match value:
            case Constant(constant):
                return json.dumps(constant)
            case LookUp(root, steps):
                names = [str(step.key.value) for step in steps if isinstance(step.key, Constant)]
                if self.jinja and names[-1:] == ["size"]:
                    return ".".join([str(root), *names[:-1]]) + "|length"
                return ".".join([str(root), *names]).replace(" pixel_url", "pixel_url")
            case Filtered(inner, name, arguments):
                given = ", ".join(map(self.value, arguments))
                if not self.jinja:
                    return f"{self.value(inner)} | {name}" + (f": {given}" if given else "")
                if name == "strip":
                    return f"({self.value(inner)} or '')|trim"
                given += ", true" if name == "default" else ""
                return f"{self.value(inner)}|{name}({given})"
        raise NotImplementedError(type(value).__name__)


def peers(tree: Body) -> dict[str, Render | str]:
    """Return a renderer for each engine, or why there is none."""
    made: dict[str, Callable[[Body], Render]] = {
        "jinja2": _jinja2,
        "minijinja": _minijinja,
        "liquid": _python_liquid,
    }
    return {
        name: make(tree) if importlib.util.find_spec(name) else "not installed"
        for name, make in made.items()
    }


def _price(amount: object, currency: object) -> str:
    return money({}, amount, currency)


def _jinja2(tree: Body) -> Render:
    jinja2: Any = importlib.import_module("jinja2")
    engine = jinja2.Environment(autoescape=False)  # the source escapes each value itself
    engine.filters["money"] = _price
    template = engine.from_string(Printer("jinja").body(tree))
    return lambda values: template.render(values)


def _minijinja(tree: Body) -> Render:
    minijinja: Any = importlib.import_module("minijinja")
    engine = minijinja.Environment(templates={"mail": Printer("jinja").body(tree)})
    engine.add_filter("money", _price)
    return lambda values: engine.render_template("mail", **values)


def _python_liquid(tree: Body) -> Render:
    liquid: Any = importlib.import_module("liquid")
    engine = liquid.Environment()
    engine.add_filter("money", _price)
    template = engine.from_string(Printer("liquid").body(tree))
    return lambda values: template.render(**values)


def rate(render: Render, everybody: list[Values], seconds: float) -> float:
    """Return how many mails a CPU second gives: the median of rounds."""
    rates: list[float] = []
    end = time.process_time() + seconds
    while time.process_time() < end or len(rates) < 3:
        start = time.process_time()
        for values in everybody:
            render(values)
        rates.append(len(everybody) / (time.process_time() - start))
    return statistics.median(rates)


def same_page(one: str, other: str) -> bool:
    """Return whether two pages differ only in how they write references and blanks."""
    return html.unescape(one).split() == html.unescape(other).split()


def beside(
    source: content.EmailSource, everybody: list[Values], page: str, seconds: float
) -> dict[str, float | str]:
    """Return each peer's pages a second, or why it was not measured."""
    measured: dict[str, float | str] = {}
    for name, render in peers(html_tree(source, content.library())[0]).items():
        if isinstance(render, str):
            measured[name] = render
        elif not same_page(render(everybody[3]), page):
            measured[name] = "gives another page"
        else:
            measured[name] = round(rate(render, everybody, seconds))
    return measured


def main(arguments: list[str]) -> None:
    """Measure, and print the verdict."""
    seconds = 1.0 if "--quick" in arguments else 6.0
    mjml = content.templates()["win_back"].replace("most: 4", "most: 24")
    source = content.EmailSource(name="win_back", subjects={"a": "New for you"}, mjml=mjml)
    mail = content.compile_email(source, content.library())
    everybody = people(50)

    def ours(values: Values) -> str:
        return mail.html(values, lambda url, index: url, "", 0)

    page = ours(everybody[3])
    pieces = [page[start : start + 200] for start in range(0, len(page), 200)]
    measured = beside(source, everybody, page, seconds)
    whole = rate(
        lambda values: mail.render("a", values, lambda url, index: url, "", 0).text,
        everybody,
        seconds,
    )
    print(f"page {len(page):,} characters; with subject and text part {whole:,.0f} mails a second")
    speed = rate(ours, everybody, seconds)
    best = max((found for found in measured.values() if isinstance(found, float | int)), default=0)
    verdict = {
        "claim": f"a core renders {GOAL_PER_SECOND:,} mails of {len(page) // 1000} KB a second",
        "ours": round(speed),
        "peers": measured,
        "limit": round(rate(lambda values: "".join(pieces), everybody, seconds)),
        "ratio": round(speed / best, 2) if best else None,
        "goal": GOAL_PER_SECOND,
        "holds": speed >= max(GOAL_PER_SECOND, best),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])

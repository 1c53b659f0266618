"""How many mails of 70 KB one core renders, beside other template engines on the same mail.

The mail stands in `mail/`: 24 products with links, pictures and prices. The peers get the same
HTML, printed from our tree in their language, and must give the same page before they are timed.
No two people get the same product, so no engine can profit from what it printed before; what our
memory of loops is worth where products are shared, and what it costs where not, is measured apart.
Peers that are not installed are named as such: `pip install python-liquid jinja2 minijinja`, and
`npm install liquidjs` in a folder above. The last line printed is one JSON object.

    python benchmarks/render.py [--quick]
"""

from __future__ import annotations

import html
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from render_peers import Render, Tags, Values, peers

from tailorbird import content
from tailorbird.content.email import html_tree
from tailorbird.content.memo import Memo
from tailorbird.content.tree import Body

GOALS = {"liquid": 10.0, "liquidjs": 7.0, "minijinja": 1.4}
"""How many times as fast as each peer we want to be."""
RESULTS = Path(__file__).parent / "results" / "render.json"
MAIL = Path(__file__).parent / "mail"
NODE = Path(__file__).with_name("render_liquidjs.cjs")


def people(number: int, first: int = 0) -> list[Values]:
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
        for row in range(first, first + number)
    ]


def product(row: int, place: int) -> Values:
    """Return one of a person's products."""
    number = row * 31 + place
    return {
        "name": f"Tea pot {number} <blue>",
        "price_minor": 999 + number * 7 % 4_000,
        "currency": "EUR",
        "url": f"https://shop.example/products/{number}?from=mail&size=m",
        "image": f"https://shop.example/images/{number}.png" if place % 5 else "",
        "reason": "Often bought with your cups" if place % 2 else "",
    }


def rate(render: Render, everybody: list[Values], seconds: float) -> float:
    """Return how many mails a CPU second gives: the best round, for other programs only slow it."""
    rates: list[float] = []
    end = time.process_time() + seconds
    while time.process_time() < end or len(rates) < 3:
        start = time.process_time()
        for values in everybody:
            render(values)
        rates.append(len(everybody) / (time.process_time() - start))
    return max(rates)


def same_page(one: str, other: str) -> bool:
    """Return whether two pages differ only in how they write references and blanks."""
    return html.unescape(one).split() == html.unescape(other).split()


def beside(
    tree: Body, everybody: list[Values], page: str, seconds: float
) -> dict[str, float | str]:
    """Return each peer's pages a second, or why it was not measured."""
    measured: dict[str, float | str] = {}
    for name, render in peers(tree).items():
        if isinstance(render, str):
            measured[name] = render
        elif not same_page(render(everybody[3]), page):
            measured[name] = "gives another page"
        else:
            measured[name] = round(rate(render, everybody, seconds))
    measured["liquidjs"] = liquidjs(Tags("liquid").body(tree), everybody, page, seconds)
    return measured


def liquidjs(template: str, everybody: list[Values], page: str, seconds: float) -> float | str:
    """Return the pages a CPU second of LiquidJS, or why it was not measured."""
    node = shutil.which("node")
    if node is None:
        return "not installed"
    asked = json.dumps({"template": template, "people": everybody[:200], "seconds": seconds})
    done = subprocess.run([node, NODE], input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        return "not installed"
    answer = json.loads(done.stdout)
    return round(answer["rate"]) if same_page(answer["page"], page) else "gives another page"


def mail() -> content.EmailSource:
    """Return the mail that is measured."""
    mjml = (MAIL / "mail.mjml").read_text()
    return content.EmailSource(name="mail", subjects={"a": "New for you"}, mjml=mjml)


def blocks() -> dict[str, str]:
    """Return the blocks that the mail calls."""
    return {file.stem: file.read_text() for file in MAIL.glob("*.mjml") if file.stem != "mail"}


def ours() -> Render:
    """Return our renderer, newly compiled."""
    compiled = content.compile_email(mail(), blocks())
    return lambda values: compiled.html(values, lambda url, index: url, "", 0)


def sharing(number: int) -> list[Values]:
    """Return the values of so many people who share 20 sets of products."""
    sets = [[product(row, place) for place in range(24)] for row in range(20)]
    return [
        {**values, "recommendations": [dict(each) for each in sets[row % len(sets)]]}
        for row, values in enumerate(people(number))
    ]


def memory(everybody: list[Values], seconds: float) -> float:
    """Return how many times as fast we are with the memory of loops as without, on these people.

    Both take turns, so that a busy machine slows both; the best of each counts.
    """
    with_it, without = ours(), ours()
    awake = Memo.awake
    rates: dict[bool, list[float]] = {True: [], False: []}
    end = time.process_time() + seconds
    while time.process_time() < end or len(rates[False]) < 4:
        for remembers, render in ((True, with_it), (False, without)):
            Memo.awake = awake if remembers else _asleep  # type: ignore[method-assign,assignment]
            start = time.process_time()
            for values in everybody:
                render(values)
            rates[remembers].append(len(everybody) / (time.process_time() - start))
    Memo.awake = awake  # type: ignore[method-assign]
    return round(max(rates[True]) / max(rates[False]), 2)


def _asleep(memo: Memo, turns: int) -> bool:
    return False


def compiling() -> tuple[float, float]:
    """Return the milliseconds of compiling the mail's HTML, and of finding it in the cache."""
    source = Tags("liquid").body(html_tree(mail(), blocks())[0])
    took = []
    for round_ in range(7):
        start = time.process_time()
        content.compile(source, name=f"mail{round_}")
        took.append(time.process_time() - start)
    cache = content.TemplateCache()
    for number in range(10_050):
        cache.compile(f"{number} {{{{ a }}}}")
    assert len(cache) == 10_000
    cache.compile(source)
    start = time.process_time()
    for _ in range(100):
        cache.compile(source)
    return min(took) * 1000, (time.process_time() - start) * 10


def streaming(number: int) -> int:
    """Return the most megabytes that a process takes that streams so many mails."""
    code = f"import render; print(render.stream({number}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    return int(done.stdout)


def stream(number: int) -> int:
    """Render so many mails one after the other; return the most megabytes taken."""
    render, written = ours(), 0
    for row in range(number):
        (values,) = people(1, first=row)
        written += len(render(values))
    assert written > number * 50_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(arguments: list[str]) -> None:
    """Measure, and print the verdict."""
    quick = "--quick" in arguments
    seconds = 1.0 if quick else 8.0
    everybody = people(800)
    render = ours()
    page = render(everybody[3])
    pieces = [page[start : start + 200] for start in range(0, len(page), 200)]
    speed = rate(render, everybody, seconds)
    measured = beside(html_tree(mail(), blocks())[0], everybody, page, seconds)
    speed = max(speed, rate(render, everybody, seconds))  # before and behind the peers
    known = {name: found for name, found in measured.items() if isinstance(found, float | int)}
    ratios = {name: round(speed / found, 2) for name, found in known.items()}
    print(
        f"page {len(page):,} characters; a mail with everything {whole(everybody, seconds):,.0f}/s"
    )
    beyond = besides(everybody, seconds, 10_000 if quick else 100_000)
    verdict = {
        "claim": f"a core renders mails of {len(page) // 1000} KB faster than any peer in Python",
        "ours": round(speed),
        "peers": measured,
        "limit": round(rate(lambda values: "".join(pieces), everybody, 0.5)),
        "ratio": min(ratios.values(), default=None),
        "ratios": ratios,
        "goal": GOALS,
        **beyond,
        "holds": all(ratios[name] >= goal for name, goal in GOALS.items() if name in ratios)
        and beyond["memory_when_products_are_shared"] >= 2
        and beyond["memory_when_none_are"] >= 0.97
        and beyond["compile_ms"] < 20
        and beyond["streamed_megabytes"] < 300,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


def besides(everybody: list[Values], seconds: float, mails: int) -> dict[str, float]:
    """Return what is measured beside the speed: memory of loops, compiling, a stream of mails."""
    compile_ms, cached_ms = compiling()
    return {
        "memory_when_products_are_shared": memory(sharing(400), seconds),
        "memory_when_none_are": memory(everybody, seconds),
        "compile_ms": round(compile_ms, 1),
        "cached_ms": round(cached_ms, 3),
        "streamed_mails": mails,
        "streamed_megabytes": streaming(mails),
    }


def whole(everybody: list[Values], seconds: float) -> float:
    """Return how many whole mails we render a second: subject, HTML and text."""
    compiled = content.compile_email(mail(), blocks())
    return rate(
        lambda values: compiled.render("a", values, lambda url, index: url, "", 0).text,
        everybody[:200],
        seconds / 2,
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""How many 70 KB mails one core renders from Handlebars, beside handlebars.js under V8.

Both get the mail of `render.py` with its 24 products, printed from our tree as Handlebars, the same
people and the same helpers; handlebars.js has its template compiled before. They must give the same
bytes before they are timed, in CPU seconds of one core. Without Node the peer is named as absent.
The last line printed is one JSON object.

    python benchmarks/render_handlebars.py [--quick]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from render import blocks, mail, people, rate
from render_peers import Printer

from tailorbird import content
from tailorbird.content.email import html_tree
from tailorbird.content.tree import (
    Compare,
    Constant,
    Expression,
    Filtered,
    For,
    Logic,
    Negation,
    Special,
)
from tailorbird.content.tree import (
    Path as LookUp,
)

GOAL = 1.0
RESULTS = Path(__file__).parent / "results" / "render_handlebars.json"
FOLDER = Path(__file__).parent.parent / "tests" / "contracts" / "handlebars"
Values = dict[str, Any]
TESTS = {"==": "eq", "!=": "ne", "<": "lt", ">": "gt", "<=": "lte", ">=": "gte"}
SCRIPT = """
import Handlebars from "handlebars";
import { readFileSync } from "node:fs";
const { source, people, seconds } = JSON.parse(readFileSync(0, "utf8"));
const money = (amount, currency) => {
  if (amount === null || amount === undefined) return "";
  const text = String(Math.abs(amount)).padStart(3, "0");
  const whole = text.slice(0, -2).replace(/\\B(?=(\\d{3})+$)/g, ",");
  return `${amount < 0 ? "-" : ""}${currency === "EUR" ? "€" : ""}${whole}.${text.slice(-2)}`;
};
Handlebars.registerHelper({
  money,
  eq: (a, b) => a === b, ne: (a, b) => a !== b, lt: (a, b) => a < b, gt: (a, b) => a > b,
  lte: (a, b) => a <= b, gte: (a, b) => a >= b,
  not: (a) => !a, and: (a, b) => a && b, or: (a, b) => a || b,
  default: (value, other) => (value === 0 || value ? value : other),
});
const render = Handlebars.template(eval(`(${Handlebars.precompile(source)})`));
const page = render(people[3]);
for (let warm = 0; warm < 5; warm += 1) people.forEach((each) => render(each));
const rates = [];
const start = process.cpuUsage();
const spent = (since) => { const used = process.cpuUsage(since); return used.user + used.system; };
while (spent(start) < seconds * 1e6 || rates.length < 3) {
  const round = process.cpuUsage();
  let length = 0;
  for (let turn = 0; turn < 2; turn += 1) for (const each of people) length += render(each).length;
  rates.push((2 * people.length * 1e6) / spent(round) + length * 0);
}
rates.sort((a, b) => a - b);
console.log(JSON.stringify({ page, rate: rates[Math.floor(rates.length / 2)] }));
"""


class Handlebars(Printer):
    """Handlebars, whose names count from the block around."""

    marks = ("{{{{#if {}}}}}", "{{{{else if {}}}}}", "{{else}}", "{{/if}}")

    def __init__(self) -> None:
        self.variables: list[str] = []

    def words(self, text: str) -> str:
        return text.replace("{{", "{ {")

    def loop(self, loop: For) -> str:
        head = f"{{{{#each {self.value(loop.each.collection)}}}}}"
        self.variables.append(loop.each.variable)
        inner = self.body(loop.body)
        self.variables.pop()
        return f"{head}{inner}{{{{/each}}}}"

    def equals(self, subject: Expression, value: Expression) -> str:
        return f"(eq {self.value(subject)} {self.value(value)})"

    def printed(self, value: Expression) -> str:
        return "{{" + self.value(value).removeprefix("(").removesuffix(")") + "}}"

    def test(self, test: Expression) -> str:
        match test:
            case Compare("!=", left, Special()):
                return self.value(left)
            case Compare("==", left, Special()):
                return f"(not {self.value(left)})"
            case Logic(operator, left, right):
                return f"({operator} {self.test(left)} {self.test(right)})"
            case Negation(value):
                return f"(not {self.test(value)})"
            case Compare(operator, left, right):
                return f"({TESTS[operator]} {self.value(left)} {self.value(right)})"
        return self.value(test)

    def value(self, value: Expression) -> str:
        match value:
            case Constant(constant):
                return json.dumps(constant)
            case LookUp(root, steps):
                names = [str(step.key.value) for step in steps if isinstance(step.key, Constant)]
                if root in self.variables:
                    return ".".join(names) or "this"
                written = ".".join([str(root).strip(), *names]).replace(".size", ".length")
                return ("@root." if self.variables else "") + written
            case Filtered(inner, "strip"):
                return self.value(inner)
            case Filtered(inner, name, arguments):
                return f"({name} {' '.join(map(self.value, (inner, *arguments)))})"
        raise NotImplementedError(type(value).__name__)


def handlebars_js(source: str, everybody: list[Values], seconds: float) -> dict[str, Any] | str:
    """Return the page and the mails a CPU second of handlebars.js, or why there are none."""
    node = shutil.which("node")
    if node is None:
        return "Node is not installed"
    if not (FOLDER / "node_modules" / "handlebars").exists():
        return f"not installed: run npm install in {FOLDER.relative_to(FOLDER.parents[2])}"
    told = json.dumps({"source": source, "people": everybody, "seconds": seconds})
    done = subprocess.run(
        [node, "--input-type=module", "--eval", SCRIPT],
        input=told, capture_output=True, text=True, check=True, cwd=FOLDER,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(arguments: list[str]) -> None:
    """Measure, and print the verdict."""
    seconds = 2.0 if "--quick" in arguments else 8.0
    source = Handlebars().body(html_tree(mail(), blocks())[0])
    template = content.compile(source, syntax="handlebars")
    everybody = people(400)  # so many that no memory of loops has them all
    peer = handlebars_js(source, everybody, seconds)
    page = template.render(everybody[3])
    speed = rate(template.render, everybody, seconds)
    theirs: float | str = peer if isinstance(peer, str) else round(peer["rate"])
    if not isinstance(peer, str) and peer["page"] != page:
        theirs = "gives another page"
    ratio = round(speed / theirs, 2) if isinstance(theirs, int | float) else None
    verdict = {
        "claim": f"Handlebars of {len(page) // 1000} KB renders as fast as in handlebars.js on V8",
        "ours": round(speed),
        "peers": {"handlebars.js": theirs},
        "limit": None,
        "ratio": ratio,
        "goal": GOAL,
        "holds": ratio is not None and ratio >= GOAL,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])

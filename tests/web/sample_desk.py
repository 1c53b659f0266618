"""A small real folder beside the invented shop: refused records, sources, a form, a key, a hook.

Run it to look at the pages that write: `python tests/web/sample_desk.py FOLDER [PORT]`.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tailorbird import keys, notify, pacing, sending
from tailorbird.access import Key
from tailorbird.app import Tailorbird
from tailorbird.outbox import Order
from tailorbird.schema import Body, Decision, Settlement
from tailorbird.suppressing import Suppressing
from tailorbird.ties import Likeness, Match
from tailorbird.web.desk import Desk
from tailorbird.web.keys import KeyRing
from tailorbird.web.server import application
from tailorbird.web.source_reader import SourceReader

NOW = 1_323_432_000_000_000  # 2011-12-09T12:00:00Z
ADMIN_KEY = "tbs_" + "k" * 32
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil")
ORDER = {"type": "track", "event": "Order Completed", "properties": {"order_id": "A1"}}
MAPPING = """mapping: people
columns: {id: {type: id}, points: {type: integer}}
customers: {id: id, traits: {points: points}}
"""
FORM = """name: opinion
title: How are we doing?
fields:
  - {name: nps, kind: nps, label: Would you recommend us to a friend}
  - name: topic
    kind: choice
    label: What about?
    choices: {price: The price, stock: The stock, mail: The mails}
    optional: true
"""
SEGMENTS = {
    "lapsing": """name: lapsing
description: Bought twice or more, and not in the last 90 days{0}
where:
  all:
    - trait: orders
      at_least: 2
    - did_not: purchase
      within: 90d
""",
    "gold": "name: gold\nwhere: {{trait: tier, is: gold}}{1}\n",
    "engaged": """name: engaged
where:
  any:
    - did: purchase
      where: {{category: {{in: [garden, kitchen]}}}}
      times: {{at_least: 3}}
      within: 365d
    - not: {{segment: lapsing}}
""",
    "regulars": """name: regulars
where:
  all:
    - did: purchase
      average: {{of: value_minor, at_least: 400}}
      after: 2011-01-01
      weekdays: [mon, tue, fri]
      between_hours: [0, 20]
    - did: purchase
      first: {{older_than: 30d}}
    - trait: last_order_at
      days_ago: {{at_most: 400}}
    - trait: plan
      starts_with: pro
""",
    "patterns": """name: patterns
where:
  any:
    - did: product_viewed
      then:
        - did: add_to_cart
          where: {{category: garden}}
          within: 2d
        - did_not: purchase
          within: 1d
      since: 30d
    - did: email_sent
      of_last: 5
      answered_by: email_opened
      times: {{at_least: 2}}
    - did: purchase
      times: {{at_least: 1}}
      every: 7d
      periods: 4
      in_at_least: 2
    - points:
        - {{did: purchase, points: 5, where: {{category: garden}}}}
        - {{did: email_opened, points: 1}}
      half_life: 14d
      at_least: 2.5
""",
}

GROUPS = {
    "loyalty": """name: loyalty
description: By orders
groups: [{{name: gold, where: {{trait: orders, at_least: 4}}}}]
rest: none
recalculate: monthly{0}
""",
    "rfm": "name: rfm\nrfm: {{at_least: 5}}{0}\n",
    "waiting": "name: waiting\nrfm: {{at_least: 500}}{0}\n",
}
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{% comment %}}{0}{{% endcomment %}}{{{{ person.first_name | default: "there" }}}},
it was long ago.</mj-text></mj-column></mj-section></mj-body></mjml>
"""
CAMPAIGN = """name: win-back
audience: lapsing
template: win-back
variants: {question: {subject: "Did you forget something?"}, plain: {subject: Come back}}
"""
BLOCK = """{{%- doc -%}}
title: {0}
purpose: {0}
needs: [title]
takes: [title, url]
tags: [message]
example: {0}
{{%- enddoc -%}}
<mj-section><mj-column><mj-text>{{{{ title }}}}</mj-text></mj-column></mj-section>
"""
TEXTS = {
    "de": "texts: de\nentries: {{hello: {0}, bye: Bis bald}}\n",
    "en": "texts: en\nentries: {{hello: {0}}}\n",
}
SALE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>{{{{#if person.first_name}}}}Hello {{{{person.first_name}}}}{{{{/if}}}}
<a href="/cart">Your cart</a></mj-text></mj-column></mj-section></mj-body></mjml>
"""
IMAGE = """image: welcome
description: {0}
size: [300, 100]
background: "#14532d"
layers:
  - text: {1}
    else: Good to see you
    at: [12, 12]
    colour: white
"""
JOURNEY = """name: reminder
description: {0}
mode: paused
trigger: {{event: add_to_cart}}
exit_when: {{event: purchase}}
skip_ahead: [{{if: {{segment: lapsing}}, to: asked}}]
steps:
  - wait: 1h
  - {{send: asked, template: sale, subject: {0}, on_error: [{{exit: broken}}]}}
  - wait_for: {{event: email_clicked, since: step}}
    timeout: 1d
    then: [{{if: {{segment: lapsing}}, then: [{{set: {{late: true}}}}]}}]
    else: [{{exit: silent}}]
  - wait: {{for: 2d, at: "09:00", on: [mon]}}
  - {{jump: {{to: asked, most: 2}}, id: round}}
"""
CLUSTERS = "name: {0}\nfeatures: [orders, revenue_minor]{1}\n"


def filled(folder: Path, *, hostile: bool = False) -> Tailorbird:
    """Return an opened folder; `hostile` puts markup into what strangers send."""
    said = HOSTILE if hostile else ""
    inbox = folder / "in"
    inbox.mkdir(parents=True)
    (inbox / "people.csv").write_text("id,points\nu1,3\nu2,4\nu3,many\n")
    tb = Tailorbird.open(folder / "data", clock=lambda: NOW, environment={})
    sent: list[dict[str, Any]] = [
        ORDER | {"messageId": f"m{n}", "userId": f"u{n}{said}", "timestamp": f"31.02.2011{said}"}
        for n in range(30)
    ]
    sent.append({"type": f"sing{said}", "messageId": f"s{said}", "userId": "u1"})
    tb.world.log.append([Body(f"web:shop{said}", NOW, json.dumps({"batch": sent}).encode())])
    tb.world.log.append([Body("web", NOW, b'{"batch": \xff\x1b[2J' + said.encode())])
    for number, score in enumerate((10, 10, 9, 9, 8, 7, 3)):
        answered = json.dumps({"batch": _answered(number, score)}).encode()
        tb.world.log.append([Body("forms", NOW, answered)])
    tb.world.log.append([Body("server:shop", NOW, json.dumps({"batch": _shop(said)}).encode())])
    _defined(tb, inbox)
    _registered(tb)
    tb.ingest()
    for name, text in SEGMENTS.items():
        tb.put("segment", name, text.format(said and f" {json.dumps(said)}", said and f" # {said}"))
    again = SEGMENTS["lapsing"].replace("90d", "120d").format("", "")
    tb.put("segment", "lapsing", again, author=f"Ada{said}", reason=f"three months are few{said}")
    _grouped(tb, said)
    tb.put("template", "win-back", TEMPLATE.format(said), author=f"Ada{said}", reason=said)
    tb.put("campaign", "win-back", CAMPAIGN)
    tb.put("template", "sale", SALE.format())
    tb.put("block", "hero", BLOCK.format(json.dumps(f"A heading{said}")))
    for locale, text in TEXTS.items():
        tb.put("texts", locale, text.format(json.dumps(f"Hello{said}")))
    greeting = json.dumps(f"Good to see you, {{{{ person.first_name }}}}{said}")
    tb.put("image", "welcome", IMAGE.format(json.dumps(f"A greeting{said}"), greeting))
    tb.put("journey", "reminder", JOURNEY.format(json.dumps(f"What was left{said}")))
    old = f"name: old\ntrigger: {json.dumps(said)}\n"
    tb.world.definitions.put("journey", "old", old, author="", reason=said, now=NOW)
    broken = "<mjml>{{ coupon | defualt }}</mjml>"
    tb.world.definitions.put("template", "welcome", broken, author="", reason=said, now=NOW)
    tb.refresh()
    _held(tb)
    tb.world.matches.keep([_alike(tb, number, said) for number in (1, 2, 3)])
    _sent(tb, said)
    return tb


def _sent(tb: Tailorbird, said: str) -> None:
    """Have mails sent, bounced and in doubt, a campaign paused, a stream held, people barred."""
    world = tb.world
    world.ledger.record(
        [
            Decision(bytes([n] * 16), "win-back", 1, "1", n, NOW, "send", variant="plain")
            for n in range(1, 13)
        ]
    )
    ends: dict[int, Any] = {1: "failed", 2: "unknown", 3: "unknown"}
    claims = world.ledger.claim(f"worker-2{said}", 8, NOW, 900)
    reply = f"550 5.1.1 nobody here{said}"
    world.ledger.settle(
        [Settlement(c.send_id, ends.get(c.person, "sent"), "smtp", reply) for c in claims], NOW
    )
    world.ledger.order(Order("pause", NOW, "win-back", f"Ada{said}", f"a wrong price{said}"))
    sending.announce(world)
    stream, why = f"shop.example/gmail{said}", f"0.4 % complaints{said}"
    pacing.hold(world.settings, world.lanes, stream, why, NOW)
    hand = Suppressing(world.suppressions, world.log, NOW, "cli", f"Ada{said}")
    hand.add([f"s{n}@mail.example" for n in range(1, 30)], note=f"asked by telephone{said}")
    hand.add(["gone@mail.example"], "hard_bounce")
    tb.ingest()


def _grouped(tb: Tailorbird, said: str) -> None:
    """Have lists of groups, clusters, and a list with three people."""
    for name, text in GROUPS.items():
        tb.ready.put(name, text.format(said and f"  # {said}"), author=f"Ada{said}")
    for name in ("shoppers", "untrained"):
        tb.put("clusters", name, CLUSTERS.format(name, said and f"  # {said}"), reason=said)
    tb.lists.create("vip", f"Guests{said}")
    tb.lists.add("vip", [f"shop{number}" for number in (1, 2, 3)])
    tb.lists.create("nobody")
    tb.put("segment", "guests", "name: guests\nwhere: {list: vip}\n")
    tb.ingest()


def _alike(tb: Tailorbird, number: int, said: str) -> Match:
    """Return that two who have the same first name may be one."""
    one, two = sorted((tb.person(f"shop{number}"), tb.person(f"shop{number + 5}")))
    alike = (Likeness("first_name", "same", 6.5), Likeness("email", "near", 2.25))
    why = f"the same first name alone is not enough{said}"
    return Match(one, two, "waiting", 0.9 - number / 10, alike, why, b"seen", NOW)


def _answered(number: int, score: int) -> list[dict[str, Any]]:
    topic = ("price", "stock", "mail")[number % 3]
    answers = {
        "form": "opinion",
        "submission": f"s{number}",
        "score": score,
        "nps": score,
        "topic": topic,
    }
    return [
        {"type": "track", "event": event, "messageId": f"{event}{number}",
         "userId": f"u{number}", "properties": answers | {"score": score}}
        for event in ("form_submitted", "survey_answered")
    ]  # fmt: skip


def _shop(said: str) -> list[dict[str, Any]]:
    """Return forty people with as many orders as their number tells, over a year."""
    sent: list[dict[str, Any]] = []
    for person in range(1, 41):
        user = {"userId": f"shop{person}"}
        traits = {"first_name": f"{NAMES[person % 5]}{said}", "email": f"s{person}@mail.example"}
        consent = {"email_marketing": person % 3 > 0}
        about = {"traits": traits | {"plan": f"pro{said}"}, "context": {"consent": consent}}
        sent.append({"type": "identify", "messageId": f"i{person}"} | user | about)
        for n in range(person % 7):
            at = datetime.fromtimestamp(NOW / 1_000_000, UTC) - timedelta(days=9 * person + 3 * n)
            product = {"product_id": f"p{n}", "category": ("garden", "kitchen")[n % 2], "price": 5}
            order = {"order_id": f"{person}-{n}", "products": [product]}
            sent.append(
                {"type": "track", "event": "Order Completed", "messageId": f"o{person}-{n}",
                 "timestamp": at.isoformat(), "properties": order | {"gift": f"yes{said}"}} | user
            )  # fmt: skip
    return sent


def _defined(tb: Tailorbird, inbox: Path) -> None:
    tb.put("form", "opinion", FORM)
    tb.sources.put(MAPPING, "people.yaml")
    every = "kind: file\npath: {0}/*.csv\nmapping: {1}\nevery: 1d\n"
    tb.sources.put(f"source: crm_people\n{every.format(inbox, 'people')}", "crm_people.yaml")
    tb.sources.put(f"source: old_till\n{every.format(inbox, 'people')}paused: true\n", "t.yaml")
    tb.sources.put(f"source: warehouse\n{every.format(inbox, 'nowhere')}", "warehouse.yaml")
    tb.sources.run("crm_people")
    tb.sources.run_due()


def _registered(tb: Tailorbird) -> None:
    digest = keys.digest(ADMIN_KEY)
    tb.world.keys.add(Key("console", "secret", "tbs_kkkk", digest, ("admin",), created_at=NOW))
    hook, secret = notify.make_hook("https://shop.example/h", (), (), now=NOW, entropy=os.urandom)
    tb.world.hooks.add(hook, secret)


def _held(tb: Tailorbird) -> None:
    """Have one record mended, one discarded, so that each state is there."""
    first, second, *_ = tb.quarantine.page().records
    raw = tb.quarantine.inspect(first.position).record.refused.raw
    message = json.loads(raw) | {"timestamp": "2011-12-01T10:00:00Z"}
    tb.quarantine.fix(first.position, json.dumps(message).encode())
    tb.world.quarantine.discard([second.position], NOW, "test traffic of the old shop")


def taken_in(tb: Tailorbird) -> None:
    """Take in what was written, as the engine of a server does a moment later."""
    tb.ingest()


@contextmanager
def opened(folder: Path, *, hostile: bool = False) -> Iterator[dict[str, Any]]:
    """Yield what `application` needs beside its readings; sources are read while it is open."""
    with filled(folder, hostile=hostile) as tb:
        reader = SourceReader(tb.sources)
        reader.start()
        try:
            desk = Desk(tb.world, tb.clock, lambda: taken_in(tb), sources=reader)
            yield {"ring": KeyRing(tb.world.keys, tb.clock), "desk": desk}
        finally:
            reader.stop()


def main(folder: Path, port: int) -> None:
    """Serve the pages over the invented shop and this folder."""
    import uvicorn

    readings = runpy.run_path(str(Path(__file__).with_name("sample.py")))["SampleReadings"]()
    with opened(folder) as beside:
        site = application(
            public=(),
            readings=readings,
            base_url="http://127.0.0.1",
            clock=lambda: NOW,
            **beside,
        )
        uvicorn.run(site, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8400)

"""A journey that is put must fit what exists here; what it names is not taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird import removing
from tailorbird.app import Tailorbird
from tailorbird.errors import ConflictError, DefinitionError
from tailorbird.readings import journey_pages
from tailorbird.schema import Body

NOW = 1_772_625_600_000_000  # 2026-03-04 12:00 UTC
PLAIN = "<mjml><mj-body><mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>\
</mj-body></mjml>\n"
LEAVE = '<a href="{{ unsubscribe_url }}">Leave</a>'
HEAD = "name: cart\ntrigger: {event: add_to_cart}\nexit_when: {event: purchase}\n"
A = "{send: a, template: cart, subject: Hello}"


def records() -> Iterator[dict[str, Any]]:
    yield {
        "type": "identify", "messageId": "1", "userId": "ada",
        "traits": {"email": "ada@mail.example", "renewal": "2026-06-01", "tier": "gold"},
    }  # fmt: skip
    for number, event in enumerate(("Product Added", "Order Completed", "Email Link Clicked")):
        yield {
            "type": "track", "messageId": f"t{number}", "userId": "ada", "event": event,
            "timestamp": "2026-03-04T11:00:00Z",
            "properties": {"product_id": "mug", "colour": "red", "order_id": "o"},
        }  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailorbird]:
    folder: Path = tmp_path_factory.mktemp("shop")
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as tb:
        tb.world.log.append([Body("server", NOW, msgspec.json.encode({"batch": list(records())}))])
        tb.ingest()
        tb.put("segment", "gold", "name: gold\nwhere: {trait: tier, is: gold}\n")
        tb.put("segment", "lapsed", "name: lapsed\nwhere: {did_not: purchase, within: 30d}\n")
        tb.put("template", "cart", PLAIN.format(text="Hello " + LEAVE))
        tb.put("template", "of_event", PLAIN.format(text="{{ event.properties.item }}" + LEAVE))
        tb.put("template", "of_picks", PLAIN.format(text="{{ journey.picks[0].name }}" + LEAVE))
        tb.put("template", "slip", PLAIN.format(text="{{ persn.first_name }}" + LEAVE))
        tb.put("template", "no_way_out", PLAIN.format(text="Hello"))
        tb.lists.create("vip")
        yield tb


def put(shop: Tailorbird, steps: str, head: str = HEAD) -> None:
    name = head.partition("\n")[0].removeprefix("name: ")
    shop.put("journey", name, f"{head}steps:\n{steps}")


def test_a_good_journey_is_kept(shop: Tailorbird) -> None:
    put(
        shop,
        f"  - wait: 1h\n  - {A}\n"
        "  - wait_for: {event: email_clicked, since: step}\n"
        "    timeout: 1d\n"
        "  - if: {all: [{segment: gold}, {is: {did: purchase, within: 7d}}]}\n"
        "    then: [{add_to_list: vip}]\n"
        "  - {send: b, template: of_event, subject: Your cart}\n",
    )
    found = shop.world.definitions.get("journey", "cart")
    assert found is not None
    assert found.version >= 1


SEGMENT = "name: cart\ntrigger: {segment: gold}\nexit_when: {event: purchase}\n"


@pytest.mark.parametrize(
    ("head", "steps", "told"),
    [
        (
            HEAD,
            "  - {send: a, template: crt, subject: x}\n",
            ":5: step a: no template 'crt'; templates here: ",
        ),
        (HEAD, "  - {send: a, template: slip, subject: x}\n", "step a: slip"),
        (
            HEAD,
            "  - {send: a, template: of_picks, subject: x}\n",
            "step a: of_picks:1:51: journey has no 'picks'",
        ),
        (
            SEGMENT,
            "  - {send: a, template: of_event, subject: x}\n",
            ":5: step a: of_event:1:51: event.properties has no 'item'; known: segment",
        ),
        (
            HEAD,
            "  - {send: a, template: cart, subject: x, brand: outlet}\n",
            "step a: tailorbird.toml: no brand 'outlet'; brands here: none yet",
        ),
        (
            HEAD,
            "  - {send: a, template: cart, subject: x, reply_to: me}\n",
            "step a: 'me' is no address; write it as in",
        ),
        (
            HEAD,
            "  - {send: a, template: cart, subject: x, fallbacks: {person.first_name: "
            "{segments: {gld: dear}, default: there}}}\n",
            "no segment 'gld'; did you mean 'gold'?",
        ),
        (
            HEAD,
            f"  - {{add_to_list: vips}}\n  - {A}\n",
            "step 1: no list 'vips'; did you mean 'vip'?",
        ),
        (HEAD, f"  - {{webhook: crm}}\n  - {A}\n", "step 1: no webhook 'crm'; add it: `tailorbird"),
        (
            HEAD,
            f"  - wait_for: {{event: email_clickd}}\n    timeout: 1d\n  - {A}\n",
            ":5: step 1: unknown event 'email_clickd'; did you mean 'email_clicked'?",
        ),
        (
            HEAD,
            f"  - wait_for: {{event: quxquux}}\n    timeout: 1d\n  - {A}\n",
            ":5: step 1: unknown event 'quxquux'; nothing here says it yet: known:",
        ),
        (
            HEAD,
            f"  - if: {{not: {{is: {{trait: teir, is: gold}}}}}}\n    then: [{A}]\n",
            ":5: step 1: unknown trait 'teir'; did you mean 'tier'?",
        ),
        (
            HEAD,
            f"  - if: {{segment: golden}}\n    then: [{A}]\n",
            ":5: step 1: no segment 'golden'; did you mean 'gold'?",
        ),
        (
            HEAD + "who: {segment: silver}\n",
            f"  - {A}\n",
            ":4: who: no segment 'silver'; ",
        ),
        (
            "name: cart\ntrigger: {event: add_to_crt}\n",
            f"  - {A}\n",
            ":2: trigger: unknown event 'add_to_crt'; did you mean 'add_to_cart'?",
        ),
        (
            "name: cart\ntrigger: {date: renewel}\n",
            f"  - {A}\n",
            ":1: no trait 'renewel': nobody has ever said it; did you mean 'renewal'?",
        ),
        (
            "name: cart\ntrigger: {date: orders}\n",
            f"  - {A}\n",
            ":1: 'orders' is no date; ",
        ),
        (
            HEAD,
            "  - wait_for: {all: [{segment: gold}, {not: {segment: gold}}]}\n"
            f"    timeout: 1d\n  - {A}\n",
            ":5: step 1: nobody can ever be whom it is to wait for: the condition never holds",
        ),
        (
            HEAD,
            "  - branch:\n"
            "      - {if: {is: {trait: orders, at_least: 2}}, then: [{exit: two}]}\n"
            "      - {if: {is: {trait: orders, at_least: 5}}, then: [{exit: five}]}\n"
            f"  - {A}\n",
            ":5: step 1: the ways before it take everybody who could go way 2; put it before them",
        ),
        (
            HEAD,
            "  - if: {is: {all: [{trait: orders, at_least: 5}, {trait: orders, at_most: 2}]}}\n"
            f"    then: [{A}]\n",
            ":5: step 1: nobody can go way 1: its condition never holds; mend the condition",
        ),
        (
            "name: cart\ntrigger: {event: add_to_cart}\nwho: {segment: gold}\n"
            "exit_when: {is: {trait: tier, is: gold}}\n",
            f"  - {A}\n",
            ":4: whoever may enter leaves at once; mend `exit_when`, or `who`",
        ),
    ],
)
def test_what_does_not_fit_what_is_here_is_refused(
    shop: Tailorbird, head: str, steps: str, told: str
) -> None:
    with pytest.raises(DefinitionError) as error:
        put(shop, steps, head)
    sentence = error.value.sentence()
    assert told in sentence
    assert sentence.startswith("journeys/cart.yaml:")


def test_a_mail_without_a_way_out_is_warned_of(shop: Tailorbird) -> None:
    text = f"{HEAD}steps:\n  - {{send: a, template: no_way_out, subject: x}}\n"
    (finding,) = journey_pages.check(shop.world, text, "journeys/cart.yaml", NOW)
    assert (finding.code, finding.severity, finding.step) == ("way-out", "warning", "a")
    assert "has no link to unsubscribe" in finding.what


def test_the_first_error_tells_how_many_others_there_are(shop: Tailorbird) -> None:
    with pytest.raises(DefinitionError, match=r"\(and 1 more: `tailorbird journeys check` lists"):
        put(shop, f"  - jump: nobody\n  - exit: x\n  - {A}\n")


def test_a_template_may_read_what_the_journey_chose(shop: Tailorbird) -> None:
    put(shop, "  - recommend: picks\n  - {send: a, template: of_picks, subject: x}\n")


def test_what_a_journey_names_is_not_removed(shop: Tailorbird) -> None:
    put(
        shop,
        "  - if: {any: [{segment: lapsed}, {event: purchase}]}\n    then: [{exit: lapsed}]\n"
        "  - {send: a, template: of_event, subject: x}\n",
        HEAD.replace("name: cart", "name: user"),
    )
    with pytest.raises(ConflictError, match=r"'lapsed' is used by journey user \(step 1\)"):
        shop.remove_segment("lapsed")
    with pytest.raises(ConflictError, match=r"journey user/a \(template\)"):
        removing.remove(shop.world, "template", "of_event", now=NOW)

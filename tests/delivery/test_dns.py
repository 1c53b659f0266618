"""What the DNS must say is printed, and what it says is judged: asked of a server of our own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tailorbird.cli import run
from tailorbird.delivery.dkim_keys import DkimKeys
from tailorbird.delivery.dns_records import Sending, Verdict, checked, records
from tailorbird.delivery.resolver import DnsResolver
from tailorbird.delivery.spf import judged_spf
from tailorbird.errors import UsageError
from tailorbird.schema import SECOND

Zone = dict[tuple[str, str], list[str]]
NOW = 1_760_000_000 * SECOND
KEY = "v=DKIM1; k=rsa; p=" + "A" * 400
SENDING = Sending(
    domain="shop.example",
    return_domain="back.shop.example",
    link_host="go.shop.example",
    carrier="smtp",
    smtp_host="relay.example",
    keys=(("s1", "shop.example", KEY),),
)
GOOD: Zone = {
    ("back.shop.example", "TXT"): ["some-site-proof=1", "v=spf1 a:relay.example ~all"],
    ("s1._domainkey.shop.example", "TXT"): [KEY],
    ("_dmarc.shop.example", "TXT"): ["v=DMARC1; p=reject"],
    ("back.shop.example", "MX"): ["10 mx.shop.example."],
    ("go.shop.example", "A"): ["192.0.2.7"],
}


class NameServer:
    """Answers from a zone; over UDP short answers, over TCP all."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.threads = [
            threading.Thread(target=serve, daemon=True) for serve in (self.short, self.long)
        ]
        for thread in self.threads:
            thread.start()

    def answer(self, asked: bytes) -> dns.message.Message:
        query = dns.message.from_wire(asked)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        said = self.zone.get((name, kind), [])
        if kind == "TXT":
            said = [" ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
                    for text in said]  # fmt: skip
        if said:
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, said))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def short(self) -> None:
        while True:
            try:
                asked, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if not asked:
                return
            reply = self.answer(asked)
            wire = reply.to_wire()
            if len(wire) > 400:
                reply.answer.clear()
                reply.flags |= dns.flags.TC
                wire = reply.to_wire()
            self.udp.sendto(wire, sender)

    def long(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as reader:
                size = int.from_bytes(reader.read(2), "big")
                if size:
                    wire = self.answer(reader.read(size)).to_wire()
                    connection.sendall(len(wire).to_bytes(2, "big") + wire)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()
        for thread in self.threads:
            thread.join()
        self.udp.close()


Serve = Callable[[Zone], str]


@pytest.fixture
def name_server() -> Iterator[Serve]:
    """Return a function that serves a zone and gives the server's address."""
    servers: list[NameServer] = []

    def start(zone: Zone) -> str:
        servers.append(NameServer(zone))
        return f"127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.close()


def verdicts(address: str, sending: Sending = SENDING) -> dict[str, tuple[Verdict, str]]:
    """Return what is said of each part, the worst of several records."""
    found = checked(records(sending), DnsResolver([address]))
    return {each.record.part: (each.verdict, each.said) for each in found}


def test_a_domain_that_has_it_all_is_right(name_server: Serve) -> None:
    found = verdicts(name_server(GOOD))
    must = ("spf", "dkim", "dmarc", "mx", "links")
    assert [found[part][0] for part in must] == ["right"] * 5
    assert found["bimi"][0] == "missing"


REVERSE = ("25.2.0.192.in-addr.arpa", "PTR")


@pytest.mark.parametrize(
    ("zone", "verdict", "said"),
    [
        ({}, "missing", "relay.example has no address"),
        ({("relay.example", "A"): ["192.0.2.25"]}, "missing", "192.0.2.25 has no name"),
        (
            {("relay.example", "A"): ["192.0.2.25"], REVERSE: ["host25.isp.example."]},
            "wrong",
            "192.0.2.25 is called host25.isp.example, which does not lead back",
        ),
        (
            {("relay.example", "A"): ["192.0.2.25"], REVERSE: ["relay.example."]},
            "right",
            "relay.example",
        ),
    ],
)
def test_the_address_that_sends_has_a_name_that_leads_back(
    name_server: Serve, zone: Zone, verdict: Verdict, said: str
) -> None:
    found = verdicts(name_server(GOOD | zone))
    assert found["ptr"][0] == verdict
    assert found["ptr"][1].startswith(said)


def test_of_a_carrier_that_is_not_ones_own_no_reverse_name_is_asked() -> None:
    for carrier, host in (("ses", ""), ("smtp", "127.0.0.1")):
        sending = Sending("a.example", "a.example", "a.example", carrier, host)
        assert "ptr" not in {each.part for each in records(sending)}


def test_a_domain_that_has_nothing_lacks_it_all(name_server: Serve) -> None:
    found = verdicts(name_server({}))
    assert {verdict for verdict, _ in found.values()} == {"missing"}


@pytest.mark.parametrize(
    ("part", "name", "texts", "why"),
    [
        ("spf", "back.shop.example", ["v=spf1 a:relay.example +all"], "everybody"),
        ("spf", "back.shop.example", ["v=spf1 mx ~all"], "add a:relay.example"),
        ("spf", "back.shop.example", ["v=spf1 a:relay.example"], "does not end"),
        ("spf", "back.shop.example", ["v=spf1 mx -all", "v=spf1 -all"], "void"),
        ("dkim", "s1._domainkey.shop.example", ["v=DKIM1; k=rsa; p="], "revoked"),
        ("dkim", "s1._domainkey.shop.example", ["v=DKIM1; p=BBBB"], "another key"),
        ("dkim", "s1._domainkey.shop.example", [KEY + "; t=y:s"], "testing"),
        ("dkim", "s1._domainkey.shop.example", [KEY, KEY + "; n=x"], "2 texts"),
        ("dmarc", "_dmarc.shop.example", ["v=DMARC1; p=maybe"], "no policy"),
        ("dmarc", "_dmarc.shop.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "2 policies"),
        ("tls-rpt", "_smtp._tls.back.shop.example", ["v=TLSRPTv1; rua=mailto:a@b.example"] * 1
         + ["v=TLSRPTv1; rua=mailto:c@b.example"], "more than one"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    name_server: Serve, part: str, name: str, texts: list[str], why: str
) -> None:
    verdict, said = verdicts(name_server(GOOD | {(name, "TXT"): texts}))[part]
    assert verdict == "wrong"
    assert why in said


def test_a_policy_of_the_domain_above_counts(name_server: Serve) -> None:
    zone = {key: texts for key, texts in GOOD.items() if key[0] != "_dmarc.shop.example"}
    zone["_dmarc.shop.example", "TXT"] = ["v=DMARC1;p=none"]
    below = Sending("mail.shop.example", "back.shop.example", "go.shop.example", "ses")
    assert verdicts(name_server(zone), below)["dmarc"] == ("right", "p=none only watches")


def test_a_null_mx_takes_no_bounces_and_this_machine_is_no_host_for_links(
    name_server: Serve,
) -> None:
    address = name_server(GOOD | {("back.shop.example", "MX"): ["0 ."]})
    assert verdicts(address)["mx"] == ("wrong", "it refuses all mail")
    local = Sending("shop.example", "back.shop.example", "127.0.0.1", "inbox")
    verdict, said = verdicts(address, local)["links"]
    assert verdict == "wrong"
    assert "server.base_url" in said


def test_a_record_that_asks_too_often_is_void() -> None:
    zone = {"shop.example": ["v=spf1 include:a.example include:b.example ~all"]}
    for name in ("a", "b"):
        zone[f"{name}.example"] = ["v=spf1 a mx ptr exists:x.example a:y.example -all"]
    judged = judged_spf("shop.example", "v=spf1 a mx ~all", lambda name: zone.get(name, []))
    assert judged[0] == "wrong"
    assert "look-ups" in judged[1]
    circle = {"shop.example": ["v=spf1 include:shop.example redirect=shop.example"]}
    said = judged_spf("shop.example", "v=spf1 a mx ~all", lambda name: circle.get(name, []))
    assert said == ("right", "")


def test_carriers_have_their_names_in_the_record_to_set() -> None:
    spf = {
        carrier: records(Sending("shop.example", "shop.example", "x.example", carrier))[0].value
        for carrier in ("ses", "postmark", "smtp", "inbox")
    }
    assert spf["ses"] == "v=spf1 include:amazonses.com ~all"
    assert spf["postmark"] == "v=spf1 include:spf.mtasv.net ~all"
    assert spf["inbox"] == "v=spf1 a mx ~all"


def test_a_name_server_is_given_by_its_address() -> None:
    with pytest.raises(UsageError, match="by its address"):
        DnsResolver(["ns.example"])


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    assert run(["init", str(path)]) == 0
    settings = (
        '[server]\nbase_url = "https://go.shop.example"\n'
        '[sender]\naddress = "hello@shop.example"\ndomain = "back.shop.example"\n'
    )
    (path / "tailorbird.toml").write_text(settings, encoding="utf-8")
    return path


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = run([*words])
    return status, capsys.readouterr().out


def test_keys_are_made_shown_and_checked_by_commands(
    folder: Path, name_server: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = asked(capsys, "dkim", "new", "shop.example", "--json", "-C", str(folder))
    made = json.loads(out)["records"]
    assert (status, len(made)) == (0, 2)
    texts: Zone = {(name, "TXT"): [text] for name, text in made.items()}
    spf: Zone = {("back.shop.example", "TXT"): ["v=spf1 a mx ~all"]}
    address = name_server(GOOD | spf | texts)
    status, out = asked(capsys, "doctor", "dns", "--nameserver", address, "-C", str(folder))
    assert status == 0, out
    assert "all that must be there is" in out
    address = name_server(GOOD | spf)
    status, out = asked(
        capsys,
        "doctor",
        "dns",
        "shop.example",
        "--nameserver",
        address,
        "-C",
        str(folder),
        "--json",
    )
    told = json.loads(out)
    assert (status, told["checked"], told["ready"]) == (1, True, False)
    bad = [each["name"] for each in told["domains"]["shop.example"] if each["verdict"] == "missing"
           and each["need"] == "must"]  # fmt: skip
    assert sorted(bad) == sorted(made)


def test_keys_are_listed_rotated_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ("-C", str(folder))
    assert asked(capsys, "dkim", "list", *there)[1].startswith("no keys")
    asked(capsys, "dkim", "new", "shop.example", *there)
    (pair,) = DkimKeys(folder).pairs("shop.example")
    status, out = asked(capsys, "dkim", "rotate", "shop.example", "--in-days", "3", *there)
    assert (status, "signs from" in out) == (0, True)
    out = asked(capsys, "dkim", "list", *there)[1]
    assert (out.count("signs since"), out.count("signs from")) == (1, 1)
    assert asked(capsys, "dkim", "remove", "shop.example", pair.rsa_selector, *there)[0] == 2
    later = DkimKeys(folder).pairs("shop.example")[1]
    assert asked(capsys, "dkim", "remove", "shop.example", later.rsa_selector, *there)[0] == 0


def test_without_an_answer_the_records_are_printed_and_a_plain_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    status, out = asked(
        capsys, "doctor", "dns", "--nameserver", f"127.0.0.1:{port}", "-C", str(folder)
    )
    assert status == 1
    assert "v=DMARC1" in out
    assert out.splitlines()[-1].startswith("no name server answers")
    status, out = asked(capsys, "doctor", "dns", "--no-check", "-C", str(folder))
    assert (status, "v=DMARC1" in out) == (0, True)
    assert run(["doctor", "dns", "other.example", "-C", str(folder)]) == 2

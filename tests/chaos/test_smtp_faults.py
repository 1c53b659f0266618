"""Whatever goes wrong in whichever stage of SMTP, the ledger ends with the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.smtp_faults import STAGES, WAYS, Odds, Proxy

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.protocol import deliver
from tailorbird.errors import CarrierError
from tailorbird.schema import HOUR, SECOND, Claim, Decision, Outgoing
from tailorbird.stores.memory.ledger import MemoryLedger

NOW = 1_700_000_000 * SECOND
MAILS = 3


def letter(claim: Claim) -> Outgoing:
    text = f"Message-ID: <{claim.send_id.hex()}@x.example>\r\n\r\n" + "Hello\r\n" * 9
    return Outgoing(claim.send_id, "a@x.example", "b@y.example", text.encode())


def sent_through(proxy: Proxy, journal: FileJournal, odds: Odds) -> MemoryLedger:
    """Send through one bad hour and as many good ones as it takes."""
    ledger = MemoryLedger()
    ledger.record(
        [Decision(n.to_bytes(16, "big"), "c", 1, "1", n, NOW, "send") for n in range(MAILS)]
    )
    carrier = SmtpCarrier("127.0.0.1", proxy.port, tls="none", connections=1, timeout_seconds=5)
    for hours in range(9):
        proxy.odds = Odds() if hours else odds
        try:
            deliver(ledger, carrier, journal, letter, worker="w", now=NOW + hours * HOUR)
        except CarrierError:
            assert hours == 0
    carrier.close()
    proxy.quiet()
    return ledger


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_at_any_stage_leaves_the_truth_in_the_ledger(
    stage: str, way: str, tmp_path: Path
) -> None:
    proxy, journal = Proxy(), FileJournal(tmp_path / "journal", sync=False)
    ledger = sent_through(proxy, journal, Odds(1.0, (way,), (stage,)))
    assert proxy.record.faults[stage, way] > 0
    assert max(proxy.record.taken.values(), default=0) <= 1
    for number in range(MAILS):
        send_id = number.to_bytes(16, "big")
        settled = ledger.settlement(send_id)
        assert settled is not None, "stuck"
        taken = proxy.record.taken[send_id.hex()] == 1
        if settled.state == "unknown":
            assert proxy.record.lost_answers > 0
        else:
            assert settled.state == ("sent" if taken else "failed")
        if settled.state == "failed":
            assert way == "reject"
    proxy.close()
    journal.close()

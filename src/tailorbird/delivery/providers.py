"""Who keeps the mailboxes behind an address: a mailbox provider counts all of them together.

A domain that the table does not know is grouped by the name of its mail server, where somebody
looks it up, and is `other` else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

Lookup: TypeAlias = Callable[[str], Sequence[str]]
"""Gives the names of a domain's mail servers, none where it has none or nobody answers."""

OTHER: Final = "other"
DOMAINS: Final[Mapping[str, str]] = {
    "gmail": "gmail.com googlemail.com",
    "outlook": (
        "outlook.com outlook.at outlook.be outlook.cl outlook.co.id outlook.co.th outlook.com.ar"
        " outlook.com.au outlook.com.br outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz"
        " outlook.de outlook.dk outlook.es outlook.fr outlook.hu outlook.ie outlook.in outlook.it"
        " outlook.jp outlook.kr outlook.lv outlook.my outlook.ph outlook.pt outlook.sa outlook.sg"
        " outlook.sk hotmail.com hotmail.be hotmail.ca hotmail.ch hotmail.cl hotmail.co.jp"
        " hotmail.co.th hotmail.co.uk hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.com.tr"
        " hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr hotmail.gr hotmail.it hotmail.nl"
        " hotmail.no hotmail.se live.com live.at live.be live.ca live.cl live.cn live.co.uk"
        " live.com.ar live.com.au live.com.mx live.com.pt live.de live.dk live.fi live.fr live.ie"
        " live.in live.it live.jp live.nl live.no live.ru live.se msn.com passport.com"
        " windowslive.com"
    ),
    "yahoo": (
        "yahoo.com yahoo.at yahoo.be yahoo.ca yahoo.ch yahoo.cl yahoo.co.id yahoo.co.in"
        " yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br"
        " yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.pe yahoo.com.ph"
        " yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.ve yahoo.com.vn yahoo.cz yahoo.de"
        " yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.hu yahoo.ie yahoo.in yahoo.it"
        " yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se myyahoo.com rocketmail.com"
        " ymail.com aol.com aol.co.uk aol.de aol.fr aim.com verizon.net att.net sbcglobal.net"
        " bellsouth.net"
    ),
    "icloud": "icloud.com me.com mac.com",
    "gmx": "gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.fr gmx.es gmx.eu gmx.info gmx.org web.de"
    " mail.com email.de",
    "t-online": "t-online.de magenta.de",
    "freenet": "freenet.de",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr",
    "laposte": "laposte.net",
    "sfr": "sfr.fr neuf.fr cegetel.net",
    "libero": "libero.it virgilio.it inwind.it iol.it blu.it",
    "comcast": "comcast.net",
    "charter": "charter.net spectrum.net roadrunner.com",
    "bt": "btinternet.com btopenworld.com",
    "seznam": "seznam.cz email.cz post.cz spoluzaci.cz",
    "wp": "wp.pl o2.pl tlen.pl",
    "onet": "onet.pl onet.eu op.pl vp.pl poczta.onet.pl",
    "mail.ru": "mail.ru bk.ru inbox.ru list.ru internet.ru",
    "yandex": "yandex.ru yandex.com yandex.by yandex.kz ya.ru",
    "rambler": "rambler.ru lenta.ru",
    "yahoo-japan": "yahoo.co.jp ybb.ne.jp",
    "docomo": "docomo.ne.jp",
    "qq": "qq.com foxmail.com",
    "netease": "163.com 126.com yeah.net 188.com",
    "naver": "naver.com",
    "daum": "daum.net hanmail.net kakao.com",
    "rediff": "rediffmail.com rediff.com",
    "uol": "uol.com.br bol.com.br",
    "terra": "terra.com.br terra.com",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "fastmail": "fastmail.com fastmail.fm",
    "zoho": "zoho.com zoho.eu zohomail.com zohomail.eu",
}
SERVERS: Final[Mapping[str, str]] = {
    "gmail": "google.com googlemail.com",
    "outlook": "outlook.com hotmail.com",
    "yahoo": "yahoodns.net",
    "icloud": "icloud.com apple.com",
    "gmx": "gmx.net gmx.com web.de",
    "t-online": "t-online.de",
    "orange": "orange.fr",
    "mail.ru": "mail.ru",
    "yandex": "yandex.net yandex.ru",
    "qq": "qq.com",
    "netease": "163.com netease.com qiye.163.com",
    "proton": "protonmail.ch",
    "fastmail": "messagingengine.com",
    "zoho": "zoho.com zoho.eu",
    "ionos": "kundenserver.de ionos.com ionos.de 1and1.com",
    "strato": "rzone.de",
    "ovh": "ovh.net",
    "proofpoint": "pphosted.com ppe-hosted.com",
    "mimecast": "mimecast.com mimecast.co.za",
    "barracuda": "barracudanetworks.com",
}
"""Provider -> the ends of its mail servers' names, also of those that filter for others."""


class Providers:
    """Finds the provider of a domain; what was looked up is kept for as long as this lives.

    `own`: domain -> provider, which goes before the table.
    """

    def __init__(self, own: Mapping[str, str] = {}, lookup: Lookup | None = None) -> None:
        self._of = {domain: name for name, text in DOMAINS.items() for domain in text.split()}
        self._of |= {domain.lower(): name for domain, name in own.items()}
        self._servers = {end: name for name, text in SERVERS.items() for end in text.split()}
        self._lookup = lookup

    def of(self, address: str) -> str:
        """Return the provider behind an address, `other` where it is not known."""
        domain = address.rpartition("@")[2].strip().rstrip(".").lower()
        known = self._of.get(domain)
        if known is None:
            known = self._looked_up(domain) if self._lookup and domain else OTHER
        return known

    def _looked_up(self, domain: str) -> str:
        names = self._lookup(domain) if self._lookup else ()
        found = next(filter(None, map(self._server, names)), OTHER)
        self._of[domain] = found
        return found

    def _server(self, name: str) -> str:
        """Return the provider to whom a mail server belongs, '' where it is not known."""
        labels = name.strip().rstrip(".").lower().split(".")
        ends = (".".join(labels[at:]) for at in range(len(labels)))
        return next((self._servers[end] for end in ends if end in self._servers), "")

"""What mail servers write when they turn a message away, by why they do, in the usual languages.

The order matters. What is the sender's fault is looked for before what is the person's: to bar
somebody for it would be wrong for good, and to try once more is cheap.
"""

from __future__ import annotations

import re
from typing import Final

from tailorbird.delivery.feedback.outcomes import Why

_NOT: Final = r"(?:n['’]t| not)"
_WHO: Final = r"(?:mail ?box|user|recipient|account|address|addressee|mail address|e-?mail)"

_PHRASES: Final[tuple[tuple[Why, tuple[str, ...]], ...]] = (
    ("domain_missing", (
        r"account or domain may not exist|\bhost does not exist",
    )),
    ("sender_authentication", (
        r"\bspf\b", r"\bdkim\b", r"\bdmarc\b", r"unauthenticated", rf"(?:is|are|was){_NOT} authenticated",
        r"authentication (?:checks?|is required|required|requirements|information|level)",
        r"(?:not pass|fail\w*|without|lacks?|missing) (?:the )?(?:\w+ )?authentication",
        r"sender[- ]?id\b", r"does not meet the required authentication",
        r"reverse (?:dns|hostname|lookup)|\brdns\b|\bfcrdns\b|\bptr\b|inverse dns",
        r"can(?:not|'t) find your (?:reverse )?hostname|no dns (?:entry|record)s? for your",
        r"(?:hostname|host name|ip(?: address)?) (?:does(?:n't| not)|is not|cannot be|could not be) (?:resolve|match|verified)",
        r"your mail server[^.]{0,40}(?:is not|has no)[^.]{0,30}(?:name|dns|ptr)",
        r"not (?:allowed|authori[sz]ed|permitted) to send (?:mail|from|e-?mail|messages)",
    )),
    ("sender_policy", (
        r"sender (?:address|domain|verif\w+|rejected|is|not|blocked|invalid|denied|refused)",
        r"domain of (?:the )?sender|sender's (?:e-?mail )?(?:address|domain)|from:? (?:address|header|domain)|valid from\b|\bfrom: domain",
        r"(?:not|un)[- ]?allowed sender|return[- ]path|mail from (?:command )?(?:is )?(?:rejected|not|refused|error)",
        r"does not accept (?:mail|messages) from|not accept(?:ing)? (?:mail|messages?) from",
        r"(?:restricted|permission)[^.]{0,60}(?:post|send) (?:to|messages)|not have permission to post",
        r"identit(?:y|ies) failed|not (?:a )?member|\brfc ?(?:821|[2-9]\d{3})\b|message[- ]id header|header[s]? (?:is|are|was) (?:missing|invalid|duplicat)",
        r"multiple (?:from|subject|to) headers|duplicate[d]? header",
    )),
    ("sender_reputation", (
        r"(?:black|block|deny|ban)[- ]?list", r"\b(?:dns|r)bl\b|\brbl", r"spamhaus|spamcop|sorbs\b|barracudacentral|abuseat|senderscore|senderbase",
        r"reputation", r"(?<!not )\blisted (?:in|at|by|on)\b",
        r"(?:refus|reject|block|ban|den)\w* (?:mail |messages? |connections? |access )?(?:from )?(?:your|this|the client|sending|client|the sending) (?:ip|host|server|mail server|network|domain|address)",
        r"(?:your|this|client|sending)(?: \S+){0,4} (?:ip|ip address|host|server|network|domain|subnet)(?: \S+){0,4} (?:is|has been|was|are) (?:temporarily |currently )?(?:block|bann|black|list|reject|refus|den)",
        r"ip (?:address )?(?:\S+ )?(?:is |has been |was )?(?:temporarily )?(?:block|bann|black)",
        r"\[(?:rl|cs|ts|ss|bl|hvu:b|irl|cnct|block)[\d:]*\w*\]", r"aup#|\bphbl\b|csi\.cloudmark",
        r"blocked using|connection (?:was )?(?:blocked|rejected)|bad (?:dns|ip)",
        r"dynamic (?:ip|address|host)|residential|dial-?up|zombie|open (?:relay|proxy)|cloudmark",
        r"(?:unusual|suspicious) (?:rate|activity|traffic)|complaints",
    )),
    ("content", (
        r"\bspam\b|\bspammy|\bspam[- ](?!haus)|unsolicited|bulk mail|\bjunk\b|\buce\b",
        r"\bvirus|malware|infected|phishing|\bharmful",
        r"content (?:was |is |has been )?(?:reject|block|restrict|filter|not (?:accept|allow))",
        r"(?:message|mail|e-?mail) (?:content|body|header)s? (?:\S+ )?(?:reject|violat|contain|not)",
        r"(?:contains?|with) (?:\S+ ){0,4}(?:attachment|url|link|file type|forbidden|invalid char|illegal)",
        r"attachment|improper|message (?:was )?(?:rejected|refused|blocked) (?:due to|because|as)",
        r"mime (?:error|format|header)|8bit|bare (?:lf|cr)|line too long|too many lines",
    )),
    ("size", (
        r"(?:message|mail|size|content|e-?mail|data)(?: \S+){0,4} (?:exceed|too (?:large|big|long)|over)\S* (?:\S+ ){0,6}(?:size|limit|maximum|fixed|allow)",
        r"(?:message|mail|header|attachment)(?:'s)? (?:\S+ ){0,3}(?:is |was )?(?:too (?:large|big|long)|oversi[sz]ed)|too (?:large|big) (?:message|mail)",
        r"message (?:file )?size|maximum (?:message )?size|size (?:limit|restriction)s? (?:\S+ ){0,2}(?:exceed|on)|larger than",
        r"mail_?size|sizelimit",
    )),
    ("mailbox_full", (
        r"quota", rf"(?:{_WHO}|maildir|inbox|mail ?drop|folder|store)(?: \S+){{0,6}} (?:is |was |are |has been )?(?:over)?(?:full|exceed)",
        r"(?:insufficient|not enough|no|out of|exceeded|over|too much)(?: \S+){0,3} (?:storage|(?:disk )?space)(?! available on this)",
        r"(?:storage|mailbox size|disk|space) (?:limit|allocation|quota|allotment|allowance)",
        r"mail ?box (?:size )?(?:limit|full|exceed)|(?:mailbox|inbox|maildir) (?:is )?(?:\S+ )?(?:over|full)|full mail ?box",
        r"too many messages in|would exceed|speicherplatz|postfach (?:ist )?voll|überfüllt|boîte pleine|casella piena|buzón lleno|переполнен|容量|已满",
    )),
    ("rate", (
        r"too many (?:connections?|messages?|mails?|e-?mails?|recipients?|concurrent|sessions?|rcpt|errors?|emails)",
        r"(?:rate|connection|sending|delivery|hourly|daily|concurrency|messages?)[- ](?:limit|control|quota)|rate ?limit|throttl|too fast|too quickly|too frequent",
        r"receiving (?:e?mail|messages) (?:at a rate|too)|exceeded (?:the )?(?:\S+ ){0,3}(?:limit|rate)",
        r"greylist|gr[ae]y[- ]?list|temporarily (?:deferred|throttled|limited)",
        r"too much (?:mail|load)|system load|load average|server (?:is )?(?:too )?busy",
    )),
    ("relay", (
        r"relay(?:ing)?(?: \S+){0,2} (?:not|denied|prohibit|refus|disallow|reject|restrict|forbidden)",
        r"(?:not|unable|cannot|won't|refus\w*|deny|denied|no|un)[- ](?:\S+ ){0,3}relay|not (?:a )?(?:gateway|open relay)|(?:we|i) do(?:n't| not) relay|insecure mail relay",
        r"must (?:check|authenticate|login|log in|use)[^.]{0,30}(?:mail|pop|smtp|before|first)|mail (?:server )?requires authentication",
        r"not (?:in |one of )?my (?:list of )?(?:allowed )?rcpthosts|rcpthosts",
    )),
    ("domain_missing", (
        r"host(?: or domain name| name|name)?(?: \S+)? (?:was |is )?(?:not found|unknown|not known|invalid|lookup failed)",
        r"unknown (?:host|domain|mail host)|(?:bad|illegal|invalid|no such) (?:host|domain)(?! of| name in| header)|nxdomain|no such domain|bad address syntax",
        r"domain(?: name)?(?: \S+)? (?:does(?:n't| not) exist|not found|(?:is )?unknown|is invalid|(?:is )?not valid|doesn't have)",
        r"(?:name service error|name or service not known|nodename nor servname)",
        r"could ?n[o']t find any host|can(?:not|'t) (?:find|resolve) (?:\S+ )?(?:host|domain|mail exchanger)|unresolv\w+ (?:host|domain)",
        r"unrouteable mail domain|all relevant mx records point to non-existent|no (?:valid )?(?:mx|a) (?:records?|or)|(?:mx|dns) (?:\S+ ){0,3}(?:nonexistent|non-existent|does not exist)",
        r"(?:not|n't) (?:\S+ )?(?:resolve|find)(?: \S+){0,2} (?:mail )?(?:domain|exchanger|host)\b|no mail ?(?:server|exchanger|host)s? for|unable to find mx|misconfigured mx",
        r"domain is not reachable|domain (?:\S+ )?(?:could not|couldn't) be found|dns (?:query|lookup)[^.]{0,30}(?:nonexistent|non-existent|infodomainnonexistent)",
    )),
    ("mailbox_moved", (
        r"(?:user|address|account|recipient|mailbox|has|have) (?:has |have )?(?:been )?moved (?:to|permanently)|has (?:a )?new (?:e-?mail )?address|user not local; please try",
        r"(?:address|account|mailbox|user)(?: \S+){0,3} (?:has |was )?(?:been )?(?:replaced by|changed to)|no longer (?:valid|in use)[^.]{0,40}(?:new|use)",
    )),
    ("takes_no_mail", (
        r"null ?mx|indicated no smtp service|does(?: not|n't) accept (?:any )?(?:e-?mail|mail|messages|smtp)(?! from)",
        r"(?:host|domain|server)(?: \S+)? (?:does not|doesn't|will not|never) (?:accept|receive)s? (?:any )?(?:mail|e-?mail)(?! from)",
        r"no smtp (?:service|server) here|smtp (?:service|protocol) (?:is )?not (?:available|support|enabled)|does not like recipient's domain",
    )),
    ("mailbox_disabled", (
        rf"{_WHO}(?: \S+){{0,6}} (?:is |was |has been |are )?(?:temporarily |currently |administratively )?(?:disabled|suspended|inactive|deactivated|locked|blocked|frozen|discontinued|dormant|closed|expired|on hold|inactivated)",
        r"(?:disabled|suspended|inactive|deactivated|locked|frozen|dormant|expired|closed) (?:e-?mail )?(?:mail ?box|user|recipient|account|address)",
        r"(?:not|n't) (?:an )?active|inactive (?:for|user|due)|account (?:has been )?(?:temporarily )?(?:unavailable|suspend)|is over its? (?:time|age)|no longer (?:active|on server|in service)",
        r"has been (?:administratively )?(?:disabled|suspended|deactivated|frozen|locked)|vacation\b.{0,20}\bdisabled|tarif|доступ .{0,30}закрыт|停用|冻结",
    )),
    ("mailbox_missing", (
        r"unknown (?:user|recipient|mail ?box|local|address|account|login|alias|addressee)",
        rf"{_WHO}(?:name)?(?: \S+){{0,3}} (?:is |was |are |were )?(?:unknown|not known)",
        r"no such (?:user|mail ?box|recipient|address|account|person|local|virtual|alias|mail ?drop|e-?mail|name|id)",
        r"recipnotfound|recipientnotfound|resolver\.adr\.|adr\.exrecip",
        rf"{_WHO}[^.;:]{{0,80}}(?:does|do){_NOT} (?:\w+ ){{0,2}}(?:exist|have)",
        rf"(?:does|do){_NOT} (?:exist|have (?:an?|this) (?:\S+ ){{0,2}}(?:account|mail ?box|user))",
        r"(?:no|not)(?: an?)? (?:active |valid |local |such )?(?:account|mail ?box|user|recipient)s? (?:here|by|with|for|of|found|at|on|in|named|called|exist)",
        rf"not (?:a |an )?(?:valid|known|local|existing) {_WHO}",
        rf"{_WHO}(?: \S+){{0,5}} (?:(?:was |is |are |were |has |have |been |could |can|cannot |can't )*)(?:not (?:be )?(?:found|valid|listed|recogni[sz]ed|exist|local|available|verified)|nonexist|non-exist|invalid|undeliverable|unavailable|misspelled)",
        r"invalid (?:recipient|user|mail ?box|address|local|e-?mail|account|final|rcpt)|illegal (?:user|alias)|invalid$",
        r"non-?exist(?:ent|ing) (?:\S+ )?(?:user|mail ?box|recipient|address|account|e-?mail)|to (?:a )?non-?existent",
        r"is(?:n't| not) in my control panel|unroutea?ble address|undeliverable (?:address|to)|bad destination (?:mail ?box|email)|bad (?:recipient|address)",
        r"recipient address rejected\.?$|(?:recipient|address) (?:address )?verif|not listed in|name not found|directory entry|not our customer|not (?:a )?(?:customer|subscriber)|no valid (?:recipient|hosts)|has no (?:mail ?box|account)",
        r"(?:account|mailbox|user|employee|address)(?: \S+){0,3} (?:has |was |is |been )*(?:deleted|removed|cancel\w+|terminated|retired|no longer)",
        r"no longer (?:with|work|available|exists?|at|accept)|left (?:the|our) (?:company|organi[sz]ation)|misspel",
        r"unbekannt|existiert nicht|nicht (?:gefunden|vorhanden|existent)|kein(?:en)? (?:benutzer|postfach|empfänger)|empfänger (?:\S+ )?(?:ist )?(?:ungültig|nicht)",
        r"inconnue?|n['’]existe pas|destinataire\(?s?\)? (?:invalide|introuvable|refus)|adresse \S* ?(?:est )?(?:invalide|erron)|introuvable",
        r"no existe|desconocid[oa]|não existe|inexistente|sconosciut|não encontrad|no encontrado|non esiste",
        r"неизвест|не (?:существует|найден|обслуж)|nieznany|nie istnieje|neexistuje|onbekend|bestaat niet|okänd|ukjent|ukendt|tuntematon",
        r"存在しません|見つかりません|ありません|不存在|找不到|없습니다|not exist|存在しない|宛先不明",
    )),
    ("recipient_policy", (
        r"recipient (?:address )?(?:rejected|refus|denied|filter)|(?:domain|user|recipient)[^.]{0,30}(?:reject|filter|refus)\w* (?:your|this|the) (?:message|mail)",
        r"access denied|not accepting (?:mail|messages)|filter|rejected by (?:the )?(?:recipient|user)|受信拒否|指定受信|ドメイン指定",
    )),
    ("server", (
        r"mail(?:er)? (?:error|loop|system)|local configuration error|config(?:uration)? error|command (?:died|failed|output|time)|internal (?:server |software )?error|system (?:error|config|resources|failure|storage)|disk (?:is )?full|cannot (?:open|create|append|write)|i/o error|unable to (?:open|write|create)|permission denied|can't (?:create|open|write|exec)|procmail|service unavailable; (?:client|local)|daemon|exit (?:value|status)|sigterm|syntax error|bad sequence|error in processing|protocol error|fatal error|insufficient (?:system|resources)",
    )),
    ("network", (
        r"time[d ]?-?out|time ?limit|connection (?:refused|reset|dropped|lost|failed|closed|died|broken|establish)|could ?n[o']t (?:connect|establish|contact|deliver)|cannot (?:connect|reach)|can't (?:connect|contact)|no route|unreachable|not (?:reachable|responding|answer)|network|no (?:answer|response) from",
        r"delivery (?:time|has been delayed|delayed|temporarily)|retry time|too long|(?:message|queue|delivery|time)(?: \S+){0,2} expired|expired|still (?:be )?(?:trying|in the queue|undelivered)|not been able to deliver|will (?:continue|keep) (?:to )?try|warning message only|tried (?:for|to deliver)|gave up|giving up|undelivered (?:for|after)|have not been|could not be delivered (?:for|within)",
        r"(?:mail|routing|forwarding) loop|loop(?:s)? (?:back|detected)|too many hops|hop count|server (?:is )?down|host (?:\S+ )?(?:is )?(?:down|unreachable|not respond)|dns (?:error|failure|problem|timeout)|temporar(?:y|ily)|try again|tls|certificate|starttls|lookup fail|not (?:be )?look",
    )),
)  # fmt: skip

PHRASES: Final[tuple[tuple[Why, re.Pattern[str]], ...]] = tuple(
    (why, re.compile("|".join(patterns), re.IGNORECASE)) for why, patterns in _PHRASES
)


def why_said(text: str) -> Why | None:
    """Return why a server's words say that it turned a message away; None where they do not."""
    for why, pattern in PHRASES:
        if pattern.search(text):
            return why
    return None

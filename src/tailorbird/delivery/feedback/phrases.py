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

_PHRASES: Final[tuple[tuple[Why, str], ...]] = (
    (
        "domain_missing",
        r"account or domain may not exist|\bhost does not exist"
    ),
    (
        "sender_authentication",
        r"\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated|"
        rf"(?:is|are|was){_NOT} authenticated|"
        r"authentication (?:checks?|is required|required|requirements|information|level)|"
        r"(?:not pass|fail\w*|without|lacks?|missing) (?:the )?(?:\w+ )?authentication|"
        r"sender[- ]?id\b|does not meet the required authentication|"
        r"reverse (?:dns|hostname|lookup)|\brdns\b|\bfcrdns\b|\bptr\b|inverse dns|"
        r"can(?:not|'t) find your (?:reverse )?hostname|no dns (?:entry|record)s? for your|"
        r"(?:hostname|host name|ip(?: address)?) (?:does(?:n't| not)|is not|cannot be|"
        r"could not be) (?:resolve|match|verified)|"
        r"your mail server[^.]{0,40}(?:is not|has no)[^.]{0,30}(?:name|dns|ptr)|"
        r"not (?:allowed|authori[sz]ed|permitted) to send (?:mail|from|e-?mail|messages)"
    ),
    (
        "sender_policy",
        r"\b(?:helo|ehlo)\b|(?:unknown|no such|unverified|unresolvable) sender|"
        r"client host rejected|sender (?:unknown|unverif|could not|cannot)|"
        r"sender (?:address|domain|verif\w+|rejected|is|not|blocked|invalid|denied|refused)|"
        r"domain of (?:the )?sender|sender's (?:e-?mail )?(?:address|domain)|"
        r"from:? (?:address|header|domain)|valid from\b|\bfrom: domain|"
        r"(?:not|un)[- ]?allowed sender|return[- ]path|"
        r"mail from (?:command )?(?:is )?(?:rejected|not|refused|error)|"
        r"does not accept (?:mail|messages) from|not accept(?:ing)? (?:mail|messages?) from|"
        r"(?:restricted|permission)[^.]{0,60}(?:post|send) (?:to|messages)|"
        r"not have permission to post|identit(?:y|ies) failed|not (?:a )?member|"
        r"\brfc ?(?:821|[2-9]\d{3})\b|message[- ]id header|"
        r"header[s]? (?:is|are|was) (?:missing|invalid|duplicat)|"
        r"multiple (?:from|subject|to) headers|duplicate[d]? header"
    ),
    (
        "sender_reputation",
        r"(?:black|block|deny|ban)[- ]?list|\b(?:dns|r)bl\b|\brbl|spamhaus|spamcop|sorbs\b|"
        r"barracudacentral|abuseat|senderscore|senderbase|reputation|"
        r"(?<!not )\blisted (?:in|at|by|on)\b|"
        r"(?:refus|reject|block|ban|den)\w* (?:mail |messages? |connections? |"
        r"access )?(?:from )?(?:your|this|the client|sending|client|the sending) (?:ip|host|"
        r"server|mail server|network|domain|address)|"
        r"(?:your|this|client|sending)(?: \S+){0,4} (?:ip|ip address|host|server|network|"
        r"domain|subnet)(?: \S+){0,4} (?:is|has been|was|are) (?:temporarily |"
        r"currently )?(?:block|bann|black|list|reject|refus|den)|"
        r"ip (?:address )?(?:\S+ )?(?:is |has been |was )?(?:temporarily )?(?:block|bann|"
        r"black)|"
        r"\[(?:rl|cs|ts|ss|bl|hvu:b|irl|cnct|block)[\d:]*\w*\]|aup#|\bphbl\b|csi\.cloudmark|"
        r"blocked using|connection (?:was )?(?:blocked|rejected)|bad (?:dns|ip)|"
        r"dynamic (?:ip|address|host)|residential|dial-?up|zombie|open (?:relay|proxy)|"
        r"cloudmark|(?:unusual|suspicious) (?:rate|activity|traffic)|complaints"
    ),
    (
        "content",
        r"\bspam\b|\bspammy|\bspam[- ](?!haus)|unsolicited|bulk mail|\bjunk\b|\buce\b|\bvirus|"
        r"malware|infected|phishing|\bharmful|"
        r"content (?:was |is |has been )?(?:reject|block|restrict|filter|not (?:accept|allow))|"
        r"(?:message|mail|e-?mail) (?:content|body|header)s? (?:\S+ )?(?:reject|violat|contain|"
        r"not)|"
        r"(?:contains?|with) (?:\S+ ){0,4}(?:attachment|url|link|file type|forbidden|"
        r"invalid char|illegal)|"
        r"attachment|improper|"
        r"message (?:was )?(?:rejected|refused|blocked) (?:due to|because|as)|"
        r"mime (?:error|format|header)|8bit|bare (?:lf|cr)|line too long|too many lines"
    ),
    (
        "size",
        r"(?:message|mail|size|content|e-?mail|data)(?: \S+){0,4} (?:exceed|too (?:large|big|"
        r"long)|over)\S* (?:\S+ ){0,6}(?:size|limit|maximum|fixed|allow)|"
        r"(?:message|mail|header|attachment)(?:'s)? (?:\S+ ){0,3}(?:is |was )?(?:too (?:large|"
        r"big|long)|oversi[sz]ed)|"
        r"too (?:large|big) (?:message|mail)|message (?:file )?size|maximum (?:message )?size|"
        r"size (?:limit|restriction)s? (?:\S+ ){0,2}(?:exceed|on)|larger than|mail_?size|"
        r"sizelimit"
    ),
    (
        "mailbox_full",
        r"quota|"
        rf"(?:{_WHO}|maildir|inbox|mail ?drop|folder|store)(?: \S+){{0,6}} (?:is |was |are |"
        r"has been )?(?:over)?(?:full|exceed)|"
        r"(?:insufficient|not enough|no|out of|exceeded|over|too much)(?: \S+){0,3} (?:storage|"
        r"(?:disk )?space)(?! available on this)|"
        r"(?:storage|mailbox size|disk|space) (?:limit|allocation|quota|allotment|allowance)|"
        r"mail ?box (?:size )?(?:limit|full|exceed)|"
        r"(?:mailbox|inbox|maildir) (?:is )?(?:\S+ )?(?:over|full)|full mail ?box|"
        r"too many messages in|would exceed|speicherplatz|postfach (?:ist )?voll|überfüllt|"
        r"boîte pleine|casella piena|buzón lleno|переполнен|容量|已满"
    ),
    (
        "rate",
        r"too many (?:connections?|messages?|mails?|e-?mails?|recipients?|concurrent|sessions?|"
        r"rcpt|errors?|emails)|"
        r"(?:rate|connection|sending|delivery|hourly|daily|concurrency|messages?)[- ](?:limit|"
        r"control|quota)|"
        r"rate ?limit|throttl|too fast|too quickly|too frequent|"
        r"receiving (?:e?mail|messages) (?:at a rate|too)|"
        r"exceeded (?:the )?(?:\S+ ){0,3}(?:limit|rate)|greylist|gr[ae]y[- ]?list|"
        r"temporarily (?:deferred|throttled|limited)|too much (?:mail|load)|system load|"
        r"load average|server (?:is )?(?:too )?busy"
    ),
    (
        "relay",
        r"relay(?:ing)?(?: \S+){0,2} (?:not|denied|prohibit|refus|disallow|reject|restrict|"
        r"forbidden)|"
        r"(?:not|unable|cannot|won't|refus\w*|deny|denied|no|un)[- ](?:\S+ ){0,3}relay|"
        r"not (?:a )?(?:gateway|open relay)|(?:we|i) do(?:n't| not) relay|insecure mail relay|"
        r"must (?:check|authenticate|login|log in|use)[^.]{0,30}(?:mail|pop|smtp|before|first)|"
        r"mail (?:server )?requires authentication|"
        r"not (?:in |one of )?my (?:list of )?(?:allowed )?rcpthosts|rcpthosts"
    ),
    (
        "domain_missing",
        r"domain must exist|mail domain mentioned|"
        r"host(?: or domain name| name|name)?(?: \S+)? (?:was |is )?(?:not found|unknown|"
        r"not known|invalid|lookup failed)|"
        r"unknown (?:host|domain|mail host)|"
        r"(?:bad|illegal|invalid|no such) (?:host|domain)(?! of| name in| header)|nxdomain|"
        r"no such domain|bad address syntax|"
        r"domain(?: name)?(?: \S+)? (?:does(?:n't| not) exist|not found|(?:is )?unknown|"
        r"is invalid|(?:is )?not valid|doesn't have)|"
        r"(?:name service error|name or service not known|nodename nor servname)|"
        r"could ?n[o']t find any host|"
        r"can(?:not|'t) (?:find|resolve) (?:\S+ )?(?:host|domain|mail exchanger)|"
        r"unresolv\w+ (?:host|domain)|unrouteable mail domain|"
        r"all relevant mx records point to non-existent|no (?:valid )?(?:mx|a) (?:records?|or)|"
        r"(?:mx|dns) (?:\S+ ){0,3}(?:nonexistent|non-existent|does not exist)|"
        r"(?:not|n't) (?:\S+ )?(?:resolve|find)(?: \S+){0,2} (?:mail )?(?:domain|exchanger|"
        r"host)\b|"
        r"no mail ?(?:server|exchanger|host)s? for|unable to find mx|misconfigured mx|"
        r"domain is not reachable|domain (?:\S+ )?(?:could not|couldn't) be found|"
        r"dns (?:query|lookup)[^.]{0,30}(?:nonexistent|non-existent|infodomainnonexistent)"
    ),
    (
        "mailbox_moved",
        r"(?:user|address|account|recipient|mailbox|has|have) (?:has |"
        r"have )?(?:been )?moved (?:to|permanently)|"
        r"has (?:a )?new (?:e-?mail )?address|user not local; please try|"
        r"(?:address|account|mailbox|user)(?: \S+){0,3} (?:has |was )?(?:been )?(?:replaced by|"
        r"changed to)|"
        r"no longer (?:valid|in use)[^.]{0,40}(?:new|use)"
    ),
    (
        "takes_no_mail",
        r"null ?mx|indicated no smtp service|"
        r"does(?: not|n't) accept (?:any )?(?:e-?mail|mail|messages|smtp)(?! from)|"
        r"(?:host|domain|server)(?: \S+)? (?:does not|doesn't|will not|never) (?:accept|"
        r"receive)s? (?:any )?(?:mail|e-?mail)(?! from)|"
        r"no smtp (?:service|server) here|"
        r"smtp (?:service|protocol) (?:is )?not (?:available|support|enabled)|"
        r"does not like recipient's domain"
    ),
    (
        "mailbox_disabled",
        rf"{_WHO}(?: \S+){{0,6}} (?:is |was |has been |are )?(?:temporarily |currently |"
        r"administratively )?(?:disabled|suspended|inactive|deactivated|locked|blocked|frozen|"
        r"discontinued|dormant|closed|expired|on hold|inactivated)|"
        r"(?:disabled|suspended|inactive|deactivated|locked|frozen|dormant|expired|"
        r"closed) (?:e-?mail )?(?:mail ?box|user|recipient|account|address)|"
        r"(?:not|n't) (?:an )?active(?! address)|inactive (?:for|user|due)|"
        r"account (?:has been )?(?:temporarily unavailable|suspend)|"
        r"is over its? (?:time|age)|no longer (?:active|on server|in service)|"
        r"has been (?:administratively )?(?:disabled|suspended|deactivated|frozen|locked)|"
        r"vacation\b.{0,20}\bdisabled|tarif|доступ .{0,30}закрыт|停用|冻结"
    ),
    (
        "mailbox_missing",
        r"someone not found|bad[-_ ]recipient|badrcptto|(?:can't|cannot) accept (?:user|recipient)|"
        r"(?:recipients?|addresses) (?:was|were) (?:unknown|undeliverable|rejected as unknown)|"
        r"mailbox not present|in name directory|no mail ?box available|no one at this address|"
        r"not an active address|account unavailable|missing home directory|"
        r"unknown (?:e-?mail|virtual|local)|recipient (?:has been deleted|no longer)|"
        r"unknown (?:user|recipient|mail ?box|local|address|account|login|alias|addressee)|"
        rf"{_WHO}(?:name)?(?: \S+){{0,3}} (?:is |was |are |were )?(?:unknown|not known)|"
        r"no such (?:user|mail ?box|recipient|address|account|person|local|virtual|alias|"
        r"mail ?drop|e-?mail|name|id)|"
        r"recipnotfound|recipientnotfound|resolver\.adr\.|adr\.exrecip|"
        rf"{_WHO}[^.;:]{{0,80}}(?:does|do){_NOT} (?:\w+ ){{0,2}}(?:exist|have)|"
        rf"(?:does|do){_NOT} (?:exist|have (?:an?|this) (?:\S+ ){{0,2}}(?:account|mail ?box|"
        r"user))|"
        r"(?:no|not)(?: an?)? (?:active |valid |local |such )?(?:account|mail ?box|user|"
        r"recipient)s? (?:here|by|with|for|of|found|at|on|in|named|called|exist)|"
        rf"not (?:a |an )?(?:valid|known|local|existing) {_WHO}|"
        rf"{_WHO}(?: \S+){{0,5}} (?:(?:was |is |are |were |has |have |been |could |can|cannot |"
        r"can't )*)(?:not (?:be )?(?:found|valid|listed|recogni[sz]ed|exist|local|available|"
        r"verified)|nonexist|non-exist|invalid|undeliverable|unavailable|misspelled)|"
        r"invalid (?:recipient|user|mail ?box|address|local|e-?mail|account|final|rcpt)|"
        r"illegal (?:user|alias)|invalid$|"
        r"non-?exist(?:ent|ing) (?:\S+ )?(?:user|mail ?box|recipient|address|account|e-?mail)|"
        r"to (?:a )?non-?existent|is(?:n't| not) in my control panel|unroutea?ble address|"
        r"undeliverable (?:address|to)|bad destination (?:mail ?box|email)|"
        r"bad (?:recipient|address)|recipient address rejected\.?$|"
        r"(?:recipient|address) (?:address )?verif|not listed in|name not found|"
        r"directory entry|"
        r"not our customer|not (?:a )?(?:customer|subscriber)|no valid (?:recipient|hosts)|"
        r"has no (?:mail ?box|account)|"
        r"(?:account|mailbox|user|employee|address)(?: \S+){0,3} (?:has |was |is |"
        r"been )*(?:deleted|removed|cancel\w+|terminated|retired|no longer)|"
        r"no longer (?:with|work|available|exists?|at|accept)|"
        r"left (?:the|our) (?:company|organi[sz]ation)|misspel|unbekannt|existiert nicht|"
        r"nicht (?:gefunden|vorhanden|existent)|kein(?:en)? (?:benutzer|postfach|empfänger)|"
        r"empfänger (?:\S+ )?(?:ist )?(?:ungültig|nicht)|inconnue?|n['’]existe pas|"
        r"destinataire\(?s?\)? (?:invalide|introuvable|refus)|"
        r"adresse \S* ?(?:est )?(?:invalide|erron)|introuvable|no existe|desconocid[oa]|"
        r"não existe|inexistente|sconosciut|não encontrad|no encontrado|non esiste|неизвест|"
        r"не (?:существует|найден|обслуж)|nieznany|nie istnieje|neexistuje|onbekend|"
        r"bestaat niet|okänd|ukjent|ukendt|tuntematon|not exist|"
        r"存在しません|見つかりません|ありません|存在しない|宛先不明|"
        r"不存在|找不到|없습니다"
    ),
    (
        "recipient_policy",
        r"recipient (?:address )?(?:rejected|refus|denied|filter)|"
        r"(?:domain|user|recipient)[^.]{0,30}(?:reject|filter|refus)\w* (?:your|this|"
        r"the) (?:message|mail)|"
        r"access denied|not accepting (?:mail|messages)|filter|"
        r"rejected by (?:the )?(?:recipient|user)|受信拒否|指定受信|ドメイン指定"
    ),
    (
        "server",
        r"mail(?:er)? (?:error|loop|system)|local configuration error|config(?:uration)? error|"
        r"command (?:died|failed|output|time)|internal (?:server |software )?error|"
        r"system (?:error|config|resources|failure|storage)|disk (?:is )?full|"
        r"cannot (?:open|create|append|write)|i/o error|unable to (?:open|write|create)|"
        r"permission denied|can't (?:create|open|write|exec)|procmail|"
        r"service unavailable; (?:client|local)|daemon|exit (?:value|status)|sigterm|"
        r"syntax error|bad sequence|error in processing|protocol error|fatal error|"
        r"insufficient (?:system|resources)"
    ),
    (
        "network",
        r"time[d ]?-?out|time ?limit|"
        r"connection (?:refused|reset|dropped|lost|failed|closed|died|broken|establish)|"
        r"could ?n[o']t (?:connect|establish|contact|deliver)|cannot (?:connect|reach)|"
        r"can't (?:connect|contact)|no route|unreachable|not (?:reachable|responding|answer)|"
        r"network|no (?:answer|response) from|"
        r"delivery (?:time|has been delayed|delayed|temporarily)|retry time|too long|"
        r"(?:message|queue|delivery|time)(?: \S+){0,2} expired|expired|"
        r"still (?:be )?(?:trying|in the queue|undelivered)|not been able to deliver|"
        r"will (?:continue|keep) (?:to )?try|warning message only|tried (?:for|to deliver)|"
        r"gave up|giving up|undelivered (?:for|after)|have not been|"
        r"could not be delivered (?:for|within)|(?:mail|routing|forwarding) loop|"
        r"loop(?:s)? (?:back|detected)|too many hops|hop count|server (?:is )?down|"
        r"host (?:\S+ )?(?:is )?(?:down|unreachable|not respond)|"
        r"dns (?:error|failure|problem|timeout)|temporar(?:y|ily)|try again|tls|certificate|"
        r"starttls|lookup fail|not (?:be )?look"
    ),
)  # fmt: skip

PHRASES: Final[tuple[tuple[Why, re.Pattern[str]], ...]] = tuple(
    (why, re.compile(pattern, re.IGNORECASE)) for why, pattern in _PHRASES
)


def why_said(text: str) -> Why | None:
    """Return why a server's words say that it turned a message away; None where they do not."""
    for why, pattern in PHRASES:
        if pattern.search(text):
            return why
    return None

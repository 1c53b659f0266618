"""Mails that programs write back to every mail, and mails in which people ask to leave.

Source: RFC 3834; the subjects and fields that programs older than it use.
"""

from __future__ import annotations

import re
from typing import Final

from tailorbird.delivery.feedback.mime import Part

_SUBJECT: Final = re.compile(
    r"^\W*(?:(?:re|aw|sv|fwd?|auto|vs|antw)\s*:\s*)*(?:auto(?:matic|mated|matische|mática)?[- ]?"
    r"(?:re(?:ply|sponse|sponder)|antwort|respuesta)|out[- ]of[- ](?:the[- ])?office|"
    r"(?:on )?vacation|away (?:from|until)|ooo\b|abwesen|nicht im (?:büro|haus)|"
    r"absence|absent|réponse automatique|respuesta autom|risposta automatica|resposta autom|"
    r"fuera de (?:la )?oficina|automatisch antwoord|afwezig|autosvar|frånvaro|автоответ|"
    r"自動(?:返信|応答|回覆)|自动(?:回复|答复)|不在|i am away|i'm away|holiday|"
    r"thank you for (?:contacting|your (?:e-?mail|message)))",
    re.IGNORECASE,
)
_CHALLENGE: Final = re.compile(
    r"(?:confirm|verify|prove|validate|authori[sz]e|approve)\w* (?:that )?(?:you|your|this|the)"
    r"[^.]{0,60}(?:e-?mail|message|sender|human|person|deliver|identity|request)|"
    r"(?:sender|address) (?:verification|confirmation|validation)|challenge[- ]response|"
    r"\b(?:boxbe|spamarrest|spam arrest|sender ?verify|tmda|bluebottle|mailinblack|mail in black|"
    r"0spam|vanquish|digiportal|choicemail|active spam killer)\b|"
    r"(?:message|mail|e-?mail) (?:is|was|has been) (?:being )?held (?:until|pending|for)[^.]{0,60}"
    r"(?:confirm|reply|verif|click)|please (?:reply|click)[^.]{0,60}(?:deliver|whitelist|release)",
    re.IGNORECASE,
)
_LEAVE: Final = re.compile(
    r"^\W*(?:(?:re|aw|fwd?)\s*:\s*)*(?:unsubscribe|remove(?: me)?|stop|opt[- ]?out|"
    r"abmelden|abbestellen|"
    r"désabonner|désinscrire|désinscription|cancelar suscripci[oó]n|darse de baja|baja|"
    r"cancella(?:mi)?|uitschrijven|afmelden|отписаться|取消订阅|配信停止)\b",
    re.IGNORECASE,
)
_BULK: Final = frozenset({"auto_reply", "auto-reply"})
_MARKS: Final = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply",
    "x-autoreply-domain", "x-ms-exchange-inbox-rules-loop",
)  # fmt: skip


def is_auto_reply(mail: Part) -> bool:
    """Return whether a program answered for somebody."""
    said = mail.first("auto-submitted").partition(";")[0].strip().lower()
    if said.startswith("auto-replied") or any(mail.first(name) for name in _MARKS):
        return True
    if mail.first("precedence").strip().lower() in _BULK:
        return True
    if mail.first("x-auto-response-suppress") and mail.first("in-reply-to"):
        return True
    return bool(_SUBJECT.search(mail.first("subject")))


def is_challenge(mail: Part, text: str) -> bool:
    """Return whether somebody's filter asks the sender to prove that a person wrote."""
    return bool(_CHALLENGE.search(mail.first("subject")) or _CHALLENGE.search(text[:3000]))


def asks_to_leave(mail: Part, text: str) -> bool:
    """Return whether the mail is a wish to get no more, by its subject or its only words."""
    subject = mail.first("subject").strip()
    words = text.split()
    return bool(_LEAVE.search(subject)) or (
        len(words) <= 6 and not subject and bool(_LEAVE.search(text.strip()))
    )

"""The mail that asks whether a request was meant: plain, without pictures, nothing in it counts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tailorbird.collect.forms import Form
from tailorbird.content.locales import direction
from tailorbird.schema import Rendered
from tailorbird.settings import Sender

HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">'
)
BODY = "margin:0;padding:24px;font:16px/1.5 system-ui,Arial,sans-serif"
BUTTON = (
    "display:inline-block;padding:12px 24px;background:#14532d;color:#ffffff;"
    "text-decoration:none;font-weight:600;border-radius:6px"
)


def rendered(form: Form, wordings: Sequence[str], url: str, sender: Sender) -> Rendered:
    """Return the mail that asks about these wordings; `url` leads to the page with the button."""
    texts = form.texts
    runs = ' dir="rtl"' if direction(form.language) == "rtl" else ""
    footer = f"{sender.name}, {sender.postal_address}"
    agreed = "".join(f"<li>{escape(wording)}</li>" for wording in wordings)
    html = (
        f'<!doctype html><html lang="{escape(form.language)}"{runs}><head>{HEAD}'
        f"<title>{escape(texts.mail_subject)}</title></head>"
        f'<body style="{BODY}"><div style="max-width:560px;margin:0 auto">'
        f'<h1 style="font-size:22px">{escape(form.title)}</h1><p>{escape(texts.mail_text)}</p>'
        f"<ul>{agreed}</ul>"
        f'<p><a href="{escape(url)}" style="{BUTTON}">{escape(texts.mail_button)}</a></p>'
        f"<p>{escape(texts.mail_ignore)}</p>"
        f'<p style="font-size:13px">{escape(footer)}</p></div></body></html>\n'
    )
    lines = [form.title, "", texts.mail_text, "", *(f"- {wording}" for wording in wordings)]
    lines += ["", f"{texts.mail_button}: {url}", "", texts.mail_ignore, "", "-- ", footer, ""]
    return Rendered(texts.mail_subject, html, "\n".join(lines))

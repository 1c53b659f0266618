"""Forms as HTML: one page without a script, for every screen, in light and dark."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from typing import Final

from tailorbird.collect.forms import Field, Form, origin
from tailorbird.collect.forms_answers import Given
from tailorbird.collect.forms_trap import HONEYPOT
from tailorbird.content.locales import direction

STAMP: Final = "_page"
"""The hidden field that says which page was sent."""
LONG_LIST: Final = 9
AUTOCOMPLETE: Final = {
    "email": "email", "phone": "tel", "first_name": "given-name", "last_name": "family-name",
    "name": "name", "birthday": "bday", "postcode": "postal-code", "city": "address-level2",
    "street": "street-address", "country": "country-name",
}  # fmt: skip
INPUTS: Final = {
    "email": 'type="email"',
    "telephone": 'type="tel"',
    "date": 'type="date"',
    "number": 'type="text" inputmode="decimal"',
    "text": 'type="text"',
}
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a1a1a; --quiet: #555555; --paper: #ffffff;
  --line: #767676; --deed: #14532d; --on: #ffffff; --bad: #a11212; --badly: #fdf1f1 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f0f0; --quiet: #b5b5b5; --paper: #161616; --line: #8f8f8f; --deed: #86efac;
    --on: #0a0a0a; --bad: #ff9d9d; --badly: #2b1717 }
}
* { box-sizing: border-box }
body { margin: 0; font: 1.0625rem/1.55 system-ui, sans-serif; color: var(--ink);
  background: var(--paper) }
main { max-width: 36rem; margin: 0 auto; padding: 8vh 1.25rem 3rem; overflow-wrap: anywhere }
.embed main { padding: 1rem }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .75rem; text-wrap: balance }
h2 { font-size: 1.0625rem; margin: 0 0 .25rem }
p { margin: 0 0 1rem }
form > div, fieldset { margin: 0 0 1.5rem; padding: 0; border: 0; min-width: 0 }
label, legend { font-weight: 600; padding: 0 }
legend { float: inline-start; width: 100%; margin-bottom: .25rem }
legend + * { clear: both }
.plain, .opt { font-weight: 400 }
.opt, .help { color: var(--quiet) }
.help, .err { margin: 0 0 .375rem; font-size: 1rem }
.err { color: var(--bad); font-weight: 600 }
.wrong { border-inline-start: .25rem solid var(--bad) !important;
  padding-inline-start: .75rem !important }
input, select, textarea, button { font: inherit }
.line { display: block; width: 100%; min-height: 2.875rem; margin-top: .375rem;
  padding: .5rem .75rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--line); border-radius: .5rem }
[aria-invalid] { border-color: var(--bad); border-width: 2px }
.tick { display: flex; gap: .75rem; align-items: flex-start; padding: .5rem 0 }
.tick input { flex: none; width: 1.375rem; height: 1.375rem; margin: .0625rem 0 0;
  accent-color: var(--deed) }
.marks { display: grid; grid-template-columns: repeat(6, 1fr); gap: .375rem; margin-top: .5rem }
.mark { position: relative; display: block; text-align: center; font-weight: 400 }
.mark input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: pointer }
.mark span { display: block; padding: .5625rem 0; border: 1px solid var(--line);
  border-radius: .5rem }
.mark input:checked + span { color: var(--on); background: var(--deed); border-color: var(--deed);
  font-weight: 700 }
.ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--quiet);
  margin-top: .375rem }
button { font-weight: 600; color: var(--on); background: var(--deed); border: 0;
  border-radius: .5rem; padding: .75rem 1.75rem; min-height: 2.875rem; cursor: pointer }
:focus-visible, .mark input:focus-visible + span { outline: .1875rem solid var(--deed);
  outline-offset: .125rem }
.again { padding: 1rem 1.25rem; margin: 0 0 1.5rem; border: 2px solid var(--bad);
  border-radius: .5rem; background: var(--badly) }
.again ul { margin: 0; padding-inline-start: 1.25rem }
.again a { color: var(--bad) }
.done { padding: .75rem 1rem; border: 2px solid var(--deed); border-radius: .5rem;
  font-weight: 600 }
.leave { margin-top: 3rem; padding-top: 1.5rem; border-top: 1px solid var(--line) }
.no { position: absolute; left: -200vw; width: 1px; height: 1px; overflow: hidden }
@media (min-width: 34rem) {
  .marks { grid-template-columns: repeat(auto-fit, minmax(2.5rem, 1fr)) }
}
@media (forced-colors: active) { .mark input { opacity: 1 } }
"""
_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()


def policy(form: Form | None, shop_url: str, *, embedded: bool) -> str:
    """Return the page's content security policy: no script, and frames only where it may stand."""
    leads = origin(form.redirect) if form else ""
    sites = [site for site in (origin(shop_url), *(form.sites if form else ())) if site]
    frames = " ".join(sites) if embedded and sites else "'none'"
    return (
        f"default-src 'none'; form-action 'self' {leads}; base-uri 'none'; "
        f"frame-ancestors {frames}; style-src 'sha256-{_STYLE_HASH}'"
    )


def page(
    title: str, content: str, *, shop: str, language: str = "en", embedded: bool = False
) -> str:
    """Return a whole page; `content` is HTML."""
    runs = ' dir="rtl"' if direction(language) == "rtl" else ""
    body = '<body class="embed">' if embedded else "<body>"
    return (
        f'<!doctype html><html lang="{escape(language)}"{runs}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - {escape(shop)}</title><style>{STYLE}</style></head>"
        f"{body}<main>{content}</main></body></html>"
    )


def message(title: str, text: str) -> str:
    """Return the content of a page that only says something."""
    return f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"


def questions(
    form: Form,
    fields: Iterable[Field],
    given: Given,
    *,
    action: str,
    stamp: str,
    mistakes: Mapping[str, str] | None = None,
    notice: str = "",
) -> str:
    """Return the content of a form's page, with what was given and what must be looked at again."""
    wrong = mistakes or {}
    asked = list(fields)
    parts = [_field(form, field, given, wrong.get(field.name, "")) for field in asked]
    intro = f"<p>{escape(form.intro)}</p>" if form.intro else ""
    return (
        f"<h1>{escape(form.title)}</h1>{_summary(form, asked, wrong, notice)}{intro}"
        f'<form method="post" action="{escape(action)}" novalidate>{"".join(parts)}'
        f"{_honeypot(form)}{_hidden(STAMP, stamp)}"
        f'<button type="submit">{escape(form.texts.submit)}</button></form>'
    )


def confirmation(form: Form, wordings: Iterable[str]) -> str:
    """Return the content of the page on which the owner of an address says that it was her."""
    listed = "".join(f"<li>{escape(wording)}</li>" for wording in wordings)
    return (
        f"{message(form.texts.confirm_title, form.texts.confirm)}<ul>{listed}</ul>"
        f'<form method="post"><button type="submit">{escape(form.texts.confirm_button)}</button>'
        "</form>"
    )


def snippet(form: Form, action: str) -> str:
    """Return plain HTML that any page may hold: its answers come here without a script."""
    lines = [f'<form method="post" action="{escape(action)}">']
    for field in form.fields:
        lines += [line.replace(' class="line"', "") for line in _lines(form, field)]
    trap = f'<input name="{HONEYPOT}" id="f-{HONEYPOT}" tabindex="-1" autocomplete="off">'
    lines += [
        '  <div style="position:absolute;left:-200vw" aria-hidden="true">'
        f'<label for="f-{HONEYPOT}">{escape(form.texts.trap)}</label>{trap}</div>',
        f'  <button type="submit">{escape(form.texts.submit)}</button>',
        "</form>",
    ]
    return "\n".join(lines)


def frame(form: Form, url: str) -> str:
    """Return HTML that shows the hosted page inside another one."""
    return (
        f'<iframe src="{escape(url)}?embed=1" title="{escape(form.title)}" loading="lazy" '
        'style="width:100%;height:40rem;border:0"></iframe>'
    )


def _lines(form: Form, field: Field) -> list[str]:
    html = _field(form, field, {}, "")
    return ["  " + html] if html else []


def _summary(form: Form, fields: list[Field], mistakes: Mapping[str, str], notice: str) -> str:
    """Return the box that says what is wrong, with a link to each field."""
    if not mistakes and not notice:
        return ""
    links = "".join(
        f'<li><a href="#{_first_id(field)}">{escape(field.label)}</a>: '
        f"{escape(mistakes[field.name])}</li>"
        for field in fields
        if field.name in mistakes
    )
    listed = f"<ul>{links}</ul>" if links else ""
    title = f"<h2>{escape(notice or form.texts.summary)}</h2>"
    return f'<div class="again" role="alert" tabindex="-1" autofocus>{title}{listed}</div>'


def _field(form: Form, field: Field, given: Given, mistake: str) -> str:
    match field.kind:
        case "hidden":
            return _hidden(field.name, next(iter(given.get(field.name, ())), ""))
        case "choice" if len(field.choices) > LONG_LIST:
            return _select(form, field, given, mistake)
        case "choice" | "choices":
            return _group(form, field, mistake, _ticks(field, given))
        case "rating" | "nps":
            return _group(form, field, mistake, _marks(field, given))
        case "checkbox" | "consent":
            return _single(form, field, given, mistake)
        case _:
            return _typed(form, field, given, mistake)


def _typed(form: Form, field: Field, given: Given, mistake: str) -> str:
    value = escape(next(iter(given.get(field.name, ())), ""))
    shared = f'id="{_first_id(field)}" name="{field.name}" class="line"{_state(field, mistake)}'
    kind = AUTOCOMPLETE.get(field.fills)
    shared += f' autocomplete="{kind}"' if kind else ""
    if field.kind == "text" and field.lines > 1:
        control = f'<textarea {shared} rows="{field.lines}">{value}</textarea>'
    else:
        control = f'<input {INPUTS[field.kind]} {shared} value="{value}">'
    return _row(form, field, mistake, control)


def _select(form: Form, field: Field, given: Given, mistake: str) -> str:
    chosen = given.get(field.name, ())
    options = "".join(
        f'<option value="{key}"{" selected" if key in chosen else ""}>{escape(label)}</option>'
        for key, label in field.choices.items()
    )
    state = _state(field, mistake)
    control = (
        f'<select id="{_first_id(field)}" name="{field.name}" class="line"{state}>'
        f'<option value=""></option>{options}</select>'
    )
    return _row(form, field, mistake, control)


def _row(form: Form, field: Field, mistake: str, control: str) -> str:
    wrong = ' class="wrong"' if mistake else ""
    label = f'<label for="{_first_id(field)}">{_label(form, field)}</label>'
    return f"<div{wrong}>{label}{_about(field, mistake)}{control}</div>"


def _group(form: Form, field: Field, mistake: str, controls: str) -> str:
    wrong = ' class="wrong"' if mistake else ""
    return (
        f"<fieldset{wrong}{_described(field, mistake)}><legend>{_label(form, field)}</legend>"
        f"{_about(field, mistake)}{controls}</fieldset>"
    )


def _ticks(field: Field, given: Given) -> str:
    kind = "radio" if field.kind == "choice" else "checkbox"
    chosen = given.get(field.name, ())
    return "".join(
        f'<label class="tick plain"><input type="{kind}" id="{_id(field, number)}" '
        f'name="{field.name}" value="{key}"{" checked" if key in chosen else ""}>'
        f"<span>{escape(label)}</span></label>"
        for number, (key, label) in enumerate(field.choices.items())
    )


def _marks(field: Field, given: Given) -> str:
    chosen = given.get(field.name, ())
    marks = "".join(
        f'<label class="mark"><input type="radio" id="{_id(field, number)}" name="{field.name}" '
        f'value="{mark}"{" checked" if str(mark) in chosen else ""}><span>{mark}</span></label>'
        for number, mark in enumerate(field.scale)
    )
    ends = f"<span>{escape(field.low)}</span><span>{escape(field.high)}</span>"
    below = f'<div class="ends">{ends}</div>' if field.low or field.high else ""
    return f'<div class="marks">{marks}</div>{below}'


def _single(form: Form, field: Field, given: Given, mistake: str) -> str:
    ticked = " checked" if given.get(field.name) else ""
    wrong = ' class="wrong"' if mistake else ""
    wording = f'<br><span class="plain">{escape(field.wording)}</span>' if field.wording else ""
    return (
        f"<div{wrong}>{_about(field, mistake)}"
        f'<div class="tick"><input type="checkbox" id="{_first_id(field)}" name="{field.name}" '
        f'value="yes"{ticked}{_state(field, mistake)}>'
        f'<label for="{_first_id(field)}">{_label(form, field)}{wording}</label></div></div>'
    )


def _label(form: Form, field: Field) -> str:
    said = escape(field.label)
    if field.optional:
        said += f' <span class="opt">({escape(form.texts.optional)})</span>'
    return said


def _about(field: Field, mistake: str) -> str:
    helped = f'<p class="help" id="f-{field.name}-help">{escape(field.help)}</p>'
    wrong = f'<p class="err" id="f-{field.name}-err">{escape(mistake)}</p>'
    return (helped if field.help else "") + (wrong if mistake else "")


def _state(field: Field, mistake: str) -> str:
    required = "" if field.optional or field.kind == "checkbox" else " required"
    return required + (' aria-invalid="true"' if mistake else "") + _described(field, mistake)


def _described(field: Field, mistake: str) -> str:
    ids = [f"f-{field.name}-help"] if field.help else []
    ids += [f"f-{field.name}-err"] if mistake else []
    return f' aria-describedby="{" ".join(ids)}"' if ids else ""


def _first_id(field: Field) -> str:
    return _id(field, 0)


def _id(field: Field, number: int) -> str:
    return f"f-{field.name}" if number == 0 else f"f-{field.name}-{number}"


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _honeypot(form: Form) -> str:
    return (
        f'<div class="no" aria-hidden="true"><label for="f-{HONEYPOT}">'
        f'{escape(form.texts.trap)}</label><input id="f-{HONEYPOT}" name="{HONEYPOT}" '
        'tabindex="-1" autocomplete="off"></div>'
    )

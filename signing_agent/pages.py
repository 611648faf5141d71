"""The agent's own pages, in the language of the browser: a pairing code, a batch that waits for the PIN. No script at all."""

from __future__ import annotations

from html import escape

from signing_agent.batch import Batch
from signing_agent.errors import AgentError

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

_STYLE = (
    "body{font:16px system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border-bottom:1px solid #ccc;padding:.4rem;"
    "text-align:start}td.n{text-align:end;white-space:nowrap}.code{font:700 2.5rem monospace;letter-spacing:.2rem}"
    "input,button{font:inherit;padding:.5rem 1rem;margin-inline-end:.5rem}.main{background:#714b67;color:#fff;border:0}"
    ".warn{background:#fff3cd;padding:.7rem 1rem}"
)
_ERRORS = (
    "agent.pin_wrong",
    "agent.pin_locked",
    "agent.pin_last_try",
    "agent.token_missing",
    "agent.library",
)
_TEXTS = {
    "en": {
        "title": "Signature on this computer",
        "asks": "%s asks to be connected with the signing token of this computer.",
        "code": "Type this code in Odoo, if it was you who asked for it:",
        "gone": "This page is over. Begin again in Odoo.",
        "sign": "%s asks for the signature of these documents (%s):",
        "head": ("Document", "Number", "Date (ddmmyy)", "Supplier", "Customer", "Total"),
        "pin": "PIN",
        "go": "Sign",
        "no": "Decline",
        "once": "The PIN is tried once and stays on this computer.",
        "waiting": "Waits for the PIN.",
        "signing": "The documents are being signed. You can close this page and follow it in Odoo.",
        "done": "Finished. You can close this page: Odoo shows what came of each document.",
        "declined": "Declined: nothing was signed. You can close this page.",
        "failed": "Nothing was signed. Begin again in Odoo.",
        "agent.pin_wrong": "The PIN is wrong. It is not tried again: several wrong tries lock the token.",
        "agent.pin_locked": "The token is locked or its PIN has expired. The authority that gave it unlocks it.",
        "agent.pin_last_try": "One more wrong PIN would lock the token, so none is tried. Enter the right one once in the "
        "manufacturer's software.",
        "agent.token_missing": "The token is not plugged in.",
        "agent.library": "The manufacturer's software of the token cannot be loaded.",
    },
    "fr": {
        "title": "Signature sur cet ordinateur",
        "asks": "%s demande à être relié au jeton de signature de cet ordinateur.",
        "code": "Saisissez ce code dans Odoo, si c'est bien vous qui l'avez demandé :",
        "gone": "Cette page n'est plus valable. Recommencez dans Odoo.",
        "sign": "%s demande la signature de ces documents (%s) :",
        "head": ("Document", "Numéro", "Date (jjmmaa)", "Fournisseur", "Client", "Total"),
        "pin": "Code PIN",
        "go": "Signer",
        "no": "Refuser",
        "once": "Le code PIN est essayé une seule fois et reste sur cet ordinateur.",
        "waiting": "Attend le code PIN.",
        "signing": "Les documents sont en cours de signature. Vous pouvez fermer cette page et suivre dans Odoo.",
        "done": "Terminé. Vous pouvez fermer cette page : Odoo montre le résultat de chaque document.",
        "declined": "Refusé : rien n'a été signé. Vous pouvez fermer cette page.",
        "failed": "Rien n'a été signé. Recommencez dans Odoo.",
        "agent.pin_wrong": "Le code PIN est faux. Il n'est pas réessayé : plusieurs essais faux bloquent le jeton.",
        "agent.pin_locked": "Le jeton est bloqué ou son code PIN a expiré. L'autorité qui l'a remis le débloque.",
        "agent.pin_last_try": "Un code PIN faux de plus bloquerait le jeton : aucun n'est essayé. Saisissez une fois le bon "
        "dans le logiciel du fabricant.",
        "agent.token_missing": "Le jeton n'est pas branché.",
        "agent.library": "Le logiciel du fabricant du jeton ne peut pas être chargé.",
    },
    "ar": {
        "title": "التوقيع على هذا الحاسوب",
        "asks": "يطلب %s الربط بمفتاح التوقيع الموصول بهذا الحاسوب.",
        "code": "أدخل هذا الرمز في أودو إذا كنت أنت من طلبه:",
        "gone": "لم تعد هذه الصفحة صالحة. أعد المحاولة من أودو.",
        "sign": "يطلب %s توقيع هذه الوثائق (%s):",
        "head": ("الوثيقة", "العدد", "التاريخ (يوم شهر سنة)", "المزوّد", "الحريف", "المجموع"),
        "pin": "الرمز السري",
        "go": "توقيع",
        "no": "رفض",
        "once": "يُجرَّب الرمز السري مرة واحدة ويبقى على هذا الحاسوب.",
        "waiting": "في انتظار الرمز السري.",
        "signing": "الوثائق بصدد التوقيع. يمكنك غلق هذه الصفحة والمتابعة في أودو.",
        "done": "انتهى. يمكنك غلق هذه الصفحة: يعرض أودو نتيجة كل وثيقة.",
        "declined": "تم الرفض: لم يُوقَّع شيء. يمكنك غلق هذه الصفحة.",
        "failed": "لم يُوقَّع شيء. أعد المحاولة من أودو.",
        "agent.pin_wrong": "الرمز السري خاطئ. لن يُعاد تجريبه: عدة محاولات خاطئة تقفل المفتاح.",
        "agent.pin_locked": "المفتاح مقفل أو انتهت صلاحية رمزه السري. الجهة التي سلّمته هي التي تفتحه.",
        "agent.pin_last_try": "محاولة خاطئة أخرى تقفل المفتاح، لذلك لا يُجرَّب أي رمز. أدخل الرمز الصحيح مرة في برنامج الصانع.",
        "agent.token_missing": "المفتاح غير موصول.",
        "agent.library": "تعذّر تحميل برنامج صانع المفتاح.",
    },
}


def language(accepted: str) -> str:
    """The first language of an Accept-Language header that the pages speak; French when there is none."""
    for part in accepted.split(","):
        found = part.strip()[:2].lower()
        if found in _TEXTS:
            return found
    return "fr"


def code(lang: str, origin: str, number: str) -> str:
    """The page that shows a pairing code."""
    texts = _TEXTS[lang]
    return _html(
        lang,
        f"<p>{escape(texts['asks'] % origin)}</p><p>{escape(texts['code'])}</p>"
        f'<p class="code" dir="ltr">{number[:4]} {number[4:]}</p>',
    )


def batch(lang: str, shown: Batch) -> str:
    """The page of a batch: what its documents say and, while it waits, the form for the PIN."""
    texts = _TEXTS[lang]
    head = "".join(f"<th>{escape(one)}</th>" for one in texts["head"])
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(one)}</td>"
            for one in (paper.kind, paper.number, paper.date, paper.supplier, paper.customer)
        )
        + f'<td class="n" dir="ltr">{escape(paper.total)}</td></tr>'
        for paper in shown.papers
    )
    form = (
        '<form method="post" autocomplete="off">'
        f'<p><label>{escape(texts["pin"])} <input type="password" name="pin" autofocus required></label>'
        f'<button class="main" name="decision" value="sign">{escape(texts["go"])}</button>'
        f'<button name="decision" value="no" formnovalidate>{escape(texts["no"])}</button></p>'
        f"<p>{escape(texts['once'])}</p></form>"
    )
    return _html(
        lang,
        f"<p>{escape(texts['sign'] % (shown.origin, len(shown.papers)))}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        + (form if shown.state == "waiting" else f'<p class="warn">{escape(texts[shown.state])}</p>'),
    )


def failed(lang: str, error: AgentError) -> str:
    """The page after a PIN that did not open the token."""
    texts = _TEXTS[lang]
    reason = texts[error.code] if error.code in _ERRORS else ""
    return _html(lang, f'<p class="warn">{escape(reason)} {escape(texts["failed"])}</p>')


def gone(lang: str) -> str:
    """The page of what is over, or never was."""
    return _html(lang, f"<p>{escape(_TEXTS[lang]['gone'])}</p>")


def _html(lang: str, body: str) -> str:
    title = escape(_TEXTS[lang]["title"])
    direction = "rtl" if lang == "ar" else "ltr"
    return (
        f'<!DOCTYPE html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )

"""A report's document as the files that people keep: HTML and PDF, each with what verifies it inside."""

import json
from collections.abc import Mapping
from typing import Any, Final

from hanse_ledger.answer_file import MEDIA_TYPE, encode_content
from node.risk.report.html import Attached, to_html
from node.risk.report.pdf import to_pdf
from node.risk.report.view.filed import proof_name
from node.risk.report.view.whole import layout_of

__all__ = ["answer_file_of", "as_html", "as_pdf", "attached_to", "proof_name"]

REPORT_NAME: Final = "risk-report.json"
_JSON: Final = "application/json"


def as_html(document: Mapping[str, Any]) -> str:
    """Return a report as a page in the current language."""
    return to_html(layout_of(document), attached_to(document))


def as_pdf(document: Mapping[str, Any]) -> bytes:
    """Return a report as PDF in the current language; raises PdfUnavailableError."""
    return to_pdf(to_html(layout_of(document)), attached_to(document))


def attached_to(document: Mapping[str, Any]) -> tuple[Attached, ...]:
    """Return the files that go with a report: its data, and the answer file that `hanse verify` checks."""
    content = json.dumps({**document, "proof": None}, ensure_ascii=False, indent=1).encode() + b"\n"
    report = Attached(name=REPORT_NAME, media_type=_JSON, content=content)
    answer = answer_file_of(document)
    if answer is None:
        return (report,)
    return Attached(name=proof_name(document), media_type=MEDIA_TYPE, content=answer), report


def answer_file_of(document: Mapping[str, Any]) -> bytes | None:
    """Return the bytes of the answer file that a report holds."""
    proof = document["proof"]
    return None if proof is None else encode_content(proof)

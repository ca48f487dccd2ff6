"""A report's HTML page as PDF, by WeasyPrint: tagged, with its fonts and attachments inside.

WeasyPrint needs Pango, and a report a font with Chinese: `make setup-full` installs Debian's. Nothing is
loaded while a page is drawn, neither files nor addresses.
"""

import shutil
import subprocess
from functools import cache
from typing import Any, Final

from hanse_ledger.errors import UnavailableError
from node.risk.report.html import Attached

VARIANT: Final = "pdf/ua-1"
_FONTS_WAIT_S: Final = 30
_CHINESE: Final = ":lang=zh-cn"


class PdfUnavailableError(UnavailableError):
    """This machine cannot make PDFs: a system library or a font is missing."""

    code = "pdf_unavailable"


def check_pdf() -> None:
    """Raise PdfUnavailableError where a report as PDF cannot be made."""
    _weasyprint()
    if not _has_chinese():
        raise PdfUnavailableError("no font with Chinese is installed")


def to_pdf(page: str, attached: tuple[Attached, ...] = ()) -> bytes:
    """Return a page as PDF/UA; raises PdfUnavailableError."""
    check_pdf()
    weasyprint = _weasyprint()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    html = weasyprint.HTML(string=page, url_fetcher=nothing)
    files = [
        weasyprint.Attachment(string=file.content, name=file.name, description=file.name) for file in attached
    ]
    made: bytes = html.write_pdf(pdf_variant=VARIANT, attachments=files)
    return made


@cache
def _weasyprint() -> Any:
    try:
        import weasyprint  # noqa: PLC0415 - loads system libraries, which need not be there
    except OSError as error:
        raise PdfUnavailableError("Pango is not installed") from error
    return weasyprint


@cache
def _has_chinese() -> bool:
    program = shutil.which("fc-list")  # comes with fontconfig, which Pango needs
    if program is None:
        return False
    found = subprocess.run(  # noqa: S603 - the program that was found, and fixed arguments
        [program, _CHINESE, "family"], capture_output=True, check=False, timeout=_FONTS_WAIT_S
    )
    return bool(found.stdout.strip())

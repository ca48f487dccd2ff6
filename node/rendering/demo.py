"""What a finished demo shows: what was done, one report, and what to try next."""

import shlex
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from rich.console import Console

from consortium_config.texts import LANGUAGES
from hanse_ledger.answer_file import FILE_SUFFIX
from hanse_ledger.consortium import parse_document
from node.bootstrap import CONSORTIUM_FILE
from node.commands.output import new_console
from node.demo import PURPOSE, DemoResult
from node.rendering.answers import print_answer
from node.rendering.figures import frame_of, own_from
from node.rendering.terminal import print_layout
from node.risk.report.view.whole import layout_of
from node.texts import current, formats, speak, tr

_NAME: Final = "hanse"
_REFUSED_SHOWN: Final = 10
_LANGUAGES: Final = {"en": "en", "zh-CN": "zh"}


def print_demo(folder: Path, result: DemoResult) -> None:
    """Print the summary, the stored report, where its files are, and commands for this folder."""
    console = new_console()
    for line in _summary(result):
        console.print(line)
    frame = frame_of(parse_document((folder / CONSORTIUM_FILE).read_bytes()))
    own = [
        own_from(part["condition"], part["exposure"], part["delay"], part["rows"]) for part in _own(result)
    ]
    print_answer(console, result.report["answer"], frame, own)
    _print_risk(console, result)
    console.print()
    console.print(tr("Files"), style="bold")
    for path in result.files:
        console.print(f"  {path}", soft_wrap=True)
    console.print()
    console.print(tr("Try next"), style="bold")
    for command in next_commands(folder, result):
        console.print(f"  {command}", soft_wrap=True)


def _print_risk(console: Console, result: DemoResult) -> None:
    """Print the risk reports in every language, the current one first."""
    spoken = current()
    for language in sorted(LANGUAGES, key=lambda one: one != spoken):
        speak(language)
        for document in result.risk:
            print_layout(console, layout_of(document))
    speak(spoken)


def next_commands(folder: Path, result: DemoResult) -> list[str]:
    """Return commands that work in this folder."""
    place = f"--dir {shlex.quote(str(folder))}"
    answer = result.report["answer"]
    files = [path for path in result.files if path.name.endswith(FILE_SUFFIX)]
    document = shlex.quote(str(folder / CONSORTIUM_FILE))
    program = _program()
    return [
        f"{program} inquire {answer['subject']} --purpose {PURPOSE} {place} --party {result.party}",
        *(f"{program} verify {shlex.quote(str(path))} --consortium {document}" for path in files[:1]),
        f"{program} log audit {place}",
        f"{program} risk report {answer['subject']} --as analyst {place} --party {result.party}",
        f"{program} risk portfolio --as analyst {place} --party {result.party}",
    ]


def _program() -> str:
    """Return what starts this program from here: `make demo` runs it from an environment of its own."""
    called = Path(sys.argv[0])
    on_path = shutil.which(_NAME)
    if called.name != _NAME or (on_path is not None and Path(on_path).resolve() == called.resolve()):
        return _NAME
    return shlex.quote(str(called))


def _summary(result: DemoResult) -> list[str]:
    statuses = Counter(answer["status"] for answer in result.answers)
    lines = [
        tr("The demo is finished.")
        if result.fresh
        else tr("The demo was finished already; nothing was filed."),
        tr(
            "Members {members}, months {months}, customers {customers}, invoices {invoices},"
            " refused lines {refused}.",
            members=formats.number(len(result.members)),
            months=formats.number(len(result.months)),
            customers=formats.number(result.customers),
            invoices=formats.number(result.invoices),
            refused=formats.number(len(result.refused)),
        ),
        tr("Reported and closed: {months}.", months=formats.months(result.months)),
        tr(
            "Inquiries: {count} ({statuses}).",
            count=formats.number(len(result.answers)),
            statuses=formats.listed(
                f"{status} {formats.number(n)}" for status, n in sorted(statuses.items())
            ),
        ),
    ]
    if result.made_up:
        lines.append(tr("Made-up data: no firm, customer, invoice or payment in it exists."))
    for member, remark in result.refused[:_REFUSED_SHOWN]:
        lines.append(f"  {member}: {remark.text(_LANGUAGES[current()])}")
    if len(result.refused) > _REFUSED_SHOWN:
        more = formats.number(len(result.refused) - _REFUSED_SHOWN)
        lines.append(tr("  and {count} more; `hanse receivables check` lists all of a file.", count=more))
    return lines


def _own(result: DemoResult) -> list[dict[str, list[int]]]:
    own: list[dict[str, list[int]]] = result.report["own"]
    return own

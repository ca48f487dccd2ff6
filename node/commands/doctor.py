"""`hanse doctor`: what is wrong with a party's node, running or stopped."""

from typing import Final

from node.clocks import SystemClock
from node.commands.options import Config, Json
from node.commands.output import new_console, print_json, refuse
from node.commands.tree import Command, new_app
from node.doctor import Finding, examine
from node.settings import load_settings
from node.texts import mark, tr

app: Final = new_app()

_CHECKS: Final = {
    "document": mark("consortium"),
    "keys": mark("keys"),
    "node": mark("node"),
    "log": mark("log"),
    "agreement": mark("agreement"),
    "validators": mark("validators"),
    "database": mark("database"),
    "evidence": mark("evidence"),
    "disk": mark("disk"),
    "clock": mark("clock"),
    "peers": mark("other nodes"),
}
_VERDICTS: Final = {"ok": mark("ok"), "warning": mark("look"), "wrong": mark("WRONG")}


@app.command(cls=Command, help=mark("Look a node over, running or stopped."))
def doctor(
    *,
    config: Config,
    as_json: Json = False,
) -> None:
    """Print what was found; the exit code is 1 when something is wrong."""
    findings = examine(load_settings(config), SystemClock())
    is_wrong = any(one.verdict == "wrong" for one in findings)
    if as_json:
        print_json({"wrong": is_wrong, "findings": [_describe(one) for one in findings]})
    else:
        _print(findings)
    if is_wrong:
        refuse()


def _describe(found: Finding) -> dict[str, object]:
    values = {name: value if isinstance(value, int) else str(value) for name, value in found.values.items()}
    text = found.sentence.format(**found.values)
    return {"check": found.check, "verdict": found.verdict, "text": text, "values": values}


def _print(findings: list[Finding]) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table = Table(box=None, show_header=False, pad_edge=False)
    for found in findings:
        text = tr(found.sentence, **found.values)
        table.add_row(tr(_VERDICTS[found.verdict]), tr(_CHECKS[found.check]), text)
    new_console().print(table)

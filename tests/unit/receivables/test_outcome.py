import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from node import receivables
from node.receivables.errors import ReceivablesError
from node.receivables.outcome import LANGUAGES, Remark

REASONS = tomllib.loads((resources.files("node.receivables") / "reasons.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_has_its_sentence_in_each_language(reason: str) -> None:
    assert set(REASONS[reason]) == set(LANGUAGES)
    texts = {Remark(reason=reason, line=7, column="Sum").text(language) for language in LANGUAGES}
    assert len(texts) == 2
    assert len({("{line}" in text, "{column}" in text) for text in REASONS[reason].values()}) == 1


def test_the_code_gives_these_reasons_and_no_others() -> None:
    source = "".join(path.read_text() for path in Path(receivables.__path__[0]).glob("*.py"))
    quoted = set(re.findall(r'"([a-z_]+)"', source))
    assert set(REASONS) <= quoted
    given = re.findall(r'(?:reason=|_refuse\(|_remark\(|UnfitError\()"([a-z_]+)"', source)
    assert set(given) <= set(REASONS)


def test_every_refusal_of_a_file_has_a_code_of_its_own() -> None:
    kinds = ReceivablesError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 9
    assert all(kind.code.startswith("receivables_") for kind in kinds)

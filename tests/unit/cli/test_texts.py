from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from support_texts import texts_in

from hanse_ledger import errors
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import Month, parse_month
from node.texts import formats, locale_language, speak, tr
from node.texts.catalogue import translations
from node.texts.sentences import SENTENCES, sentence_of

NODE = Path(__file__).parents[3] / "node"


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    speak("en")


def test_every_text_has_a_translation_and_every_translation_a_text() -> None:
    assert set(translations()) == set(texts_in(NODE))


def test_placeholders_of_a_translation_are_those_of_its_original() -> None:
    for text, translation in translations().items():
        assert _places(translation) == _places(text), text


def test_translations_are_chinese() -> None:
    for text, translation in translations().items():
        kept = text.startswith("{") and not any(character.isalpha() for character in _bare(text))
        assert kept or any("\u4e00" <= character <= "\u9fff" for character in translation), text


def test_a_text_that_is_put_together_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("tr(f'a {b}')\n")
    with pytest.raises(ValueError, match="no literal"):
        texts_in(tmp_path)
    (tmp_path / "bad.py").write_text("mark(name)\n")
    with pytest.raises(ValueError, match="no literal"):
        texts_in(tmp_path)


def test_an_error_is_put_as_its_code_or_as_its_kind() -> None:
    class NewError(UnavailableError):
        code = "new"

    assert sentence_of(UnavailableError("x")) == SENTENCES["unavailable"]
    assert sentence_of(NewError("x")) == SENTENCES["unavailable"]
    assert sentence_of(LedgerError("x")) == SENTENCES["ledger_error"]


def test_the_cores_errors_have_sentences_of_their_own() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LedgerError)
    ]
    assert {kind.code for kind in kinds} <= set(SENTENCES)


def test_tr_fills_in_and_falls_back() -> None:
    assert tr("{month} is closed.", month="2024-01") == "2024-01 is closed."
    speak("zh-CN")
    assert tr("{month} is closed.", month="2024年1月") == "2024年1月已关账。"
    assert tr("not in the catalogue") == "not in the catalogue"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_TW"}, "zh-CN"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh-CN"),
        ({"LC_ALL": "C", "LC_MESSAGES": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh-CN"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    assert locale_language(environment) == language


def test_formats_in_both_languages() -> None:
    september, months = parse_month("2019-09"), [parse_month(m) for m in ("2019-09", "2019-10", "2019-12")]
    assert formats.number(12345) == "12,345"
    assert formats.percent(1, 3) == "33%"
    assert formats.percent(0, 0) == "-"
    assert formats.money(123_456, "CNY", 2) == "CN¥1,234.56"
    assert formats.money(10**15 + 1, "USD", 2) == "$10,000,000,000,000.01"
    assert formats.money(5, "JPY", 0) == "¥5"
    assert formats.month(september) == "Sep 2019"
    assert formats.months(months) == "Sep 2019 to Oct 2019, Dec 2019"
    speak("zh-CN")
    assert formats.money(100_000, "CNY", 2) == "¥1,000.00"
    assert formats.month(september) == "2019年9月"
    assert formats.months(months) == "2019年9月至2019年10月、2019年12月"
    assert formats.months([Month(0 + 24_228)]) == "2019年1月"


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _bare(text: str) -> str:
    return "".join(literal for literal, *_ in Formatter().parse(text))

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console
from support_answers import FRAME, answer, window

from hanse_ledger.ids import parse_month
from hanse_ledger.privacy.answer import REFUSALS as CODES
from node.rendering.answers import print_answer
from node.rendering.figures import Frame, Own
from node.rendering.portfolio import print_portfolio
from node.rendering.words import REFUSALS, exposure_words
from node.texts import Language, speak
from node.texts.catalogue import translations

ASKED = {"party": "ash", "subject": "ref:DEMO:A", "purpose": "credit-review", "request_id": "00ff"}


def printed(
    told: dict[str, Any], own: list[Own] | None = None, frame: Frame = FRAME, language: Language = "en"
) -> str:
    page = io.StringIO()
    speak(language)
    print_answer(Console(file=page, width=120, markup=False, highlight=False, emoji=False), told, frame, own)
    speak("en")
    return page.getvalue()


def lines_with(text: str, start: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip().startswith(start)]


def test_shares_are_of_the_rows_in_which_something_fell_due() -> None:
    text = printed(answer(window(["2024-06"], (2, 4, 2, 1, 0, 0, 0, 1)), last="2024-06"))
    (payment, exposure) = lines_with(text, "Jun 2024")
    assert payment == ["Jun", "2024", "4-5", "10", "50%", "25%", "12%", "-", "-", "-", "12%", "0"]
    assert exposure == ["Jun", "2024", "10", "-", "-", "-", "-", "-"]


def test_a_report_says_what_it_is_of_and_that_each_firm_decides_alone() -> None:
    text = printed(answer(window(["2024-06"])))
    assert "Report on ref:DEMO:A" in text
    assert "ash, for credit-review" in text
    assert "checked: three or more stewards gave the same answer" in text
    assert "each firm decides alone" in text
    assert "DEMO" not in text.replace("ref:DEMO:A", "")


def test_a_demos_report_says_so() -> None:
    assert "DEMO: one party made everybody's keys" in printed(
        answer(), frame=dataclasses.replace(FRAME, demo=True)
    )


def test_ones_own_rows_stand_beside_the_others() -> None:
    own = Own(
        condition=(0, 0, 0, 1, 0, 0, 0, 0),
        exposure=(1, 0, 0, 0, 0, 0),
        delay=(0, 0, 0, 0, 0, 0, 0, 0),
        rows=((parse_month("2024-06"), 123_456, 12),),
    )
    text = printed(answer(window(["2024-06"], (0, 4, 0, 1, 0, 0, 0, 0))), [own])
    assert "How the subject pays the others" in text
    payment = lines_with(text, "Jun 2024")[0]
    assert payment[3:6] == ["4", "100%", "-"]
    assert "open 1-30 days past due" in text
    assert "CN¥1,234.56" in text


def test_what_a_window_withholds_is_named() -> None:
    text = printed(answer(window(["2024-05"], None), window(["2024-06"])))
    assert "Withheld: May 2024. A row in them was withdrawn or is contested." in text
    assert lines_with(text, "May 2024")[0] == ["May", "2024", "4-5", "withheld"]


def test_months_without_a_window_are_named_with_the_reason() -> None:
    open_year = printed(answer(window(["2024-06"]), last="2024-06"))
    assert "No figures for Jan 2024 to May 2024: too few firms." in open_year
    assert "at least 4 firms of different groups" in open_year
    assert "may still be answered together" in open_year
    months = [f"2024-{month:02}" for month in range(2, 13)]
    assert "may still" not in printed(answer(window(months), last="2024-12"))


def test_nothing_is_said_to_be_unknown_or_thin_and_not_which() -> None:
    text = printed(answer(status="nothing"))
    assert "An unknown subject and one that few firms know get the same answer, on purpose." in text
    assert "at least 4 firms" in text


def test_unchecked_says_that_no_rule_may_use_it() -> None:
    assert "no rule may use these figures" in printed(answer(window(["2024-06"]), status="unchecked"))


@pytest.mark.parametrize("code", [*CODES, "unavailable"])
def test_a_refusal_is_said_in_words_with_its_code(code: str) -> None:
    told = {**ASKED, "status": "refused", "code": code}
    assert f"[{code}]" in printed(told)
    assert f"被拒绝: {translations()[REFUSALS[code]]} [{code}]" in printed(told, language="zh-CN")


def test_a_disagreement_has_no_figures_and_says_why() -> None:
    text = printed({**ASKED, "status": "disagreement"})
    assert "do not agree" in text
    assert "kept as evidence" in text
    assert "Firms" not in text


def test_warnings_and_disputes_are_shown() -> None:
    text = printed(answer(window(["2024-06"]), warning_level=2, disputed=True))
    assert "2: many other firms warn" in text
    assert "yes: the subject contests it" in text


def test_exposure_classes_in_words() -> None:
    words = [exposure_words(place, FRAME.bounds) for place in range(6)]
    assert words[0] == "below 1,000"
    assert words[3] == "50,000 to 250,000"
    assert words[5] == "1,000,000 and more"


def test_a_portfolio_has_a_line_for_each_answer_in_order() -> None:
    page = io.StringIO()
    refused = {**ASKED, "subject": "ref:DEMO:B", "status": "refused", "code": "budget"}
    unknown = answer(status="nothing", subject="ref:DEMO:C")
    known = answer(window(["2024-05"], (0, 2, 1, 0, 0, 0, 1, 0)), window(["2024-06"], None), warning_level=1)
    print_portfolio(Console(file=page, width=120, markup=False), [known, refused, unknown], FRAME)
    rows = lines_with(page.getvalue(), "ref:DEMO")
    assert rows[0] == ["ref:DEMO:A", "checked", "1", "4-5", "4", "50%", "25%", "25%", "0%", "0", "1"]
    assert rows[1] == ["ref:DEMO:B", "refused", "[budget]"]
    assert rows[2] == ["ref:DEMO:C", "nothing"]

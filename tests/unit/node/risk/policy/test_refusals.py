"""Policy files that cannot be meant: each is refused with the line that has to change."""

import pytest

from node.risk.policy import PolicyError, RiskPolicy, default_policy, default_raw, parse_policy
from node.risk.policy.source import BYTES_MOST

TEXT = default_raw().decode()


def changed(before: str, after: str) -> tuple[str, int]:
    """Return the default policy with its first such text replaced, and the line on which that stands."""
    assert before in TEXT
    return TEXT.replace(before, after, 1), TEXT[: TEXT.index(before)].count("\n") + 1


def refused(text: str | bytes) -> list[tuple[int, str]]:
    """Return the faults of a file."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(text if isinstance(text, bytes) else text.encode())
    assert str(caught.value).startswith(f"line {caught.value.faults[0].line}: ")
    return [(fault.line, fault.reason) for fault in caught.value.faults]


def test_the_default_is_sound() -> None:
    assert isinstance(default_policy(), RiskPolicy)
    assert parse_policy(default_raw()) == default_policy()


FIELDS = {
    "a field that is misspelt": ("neutral = 60", "neutrall = 60", 0, "no such field"),
    "a text for a number": ("neutral = 60", 'neutral = "60"', 0, "valid integer"),
    "points above 100": ("{ up_to = 8, points = 85 }", "{ up_to = 8, points = 101 }", 0, "100"),
    "not a number": ("{ up_to = 8, points = 85 }", "{ up_to = nan, points = 85 }", 0, "finite"),
    "a treatment of the unknown that there is not": (
        'unknown = "leave_out"',
        'unknown = "zero"',
        0,
        "leave_out",
    ),
    "no test": ('"own.lost_minor > 0"', '"own.lost_minor is high"', 0, "no test such as"),
    "a comparison without a number": (
        '"own.lost_minor > 0"',
        '"own.lost_minor > inf"',
        0,
        "a number follows",
    ),
    "a choice twice": ('"grade in D"', '"grade in D D"', 0, "different choices"),
    "both all and any": ("ended = { any", 'ended = { all = ["grade in A"], any', 0, "either"),
    "a level that there is not": ('"high", "high", "high"]', '"high", "high", "huge"]', 0, "medium-high"),
    "a matrix of four columns": (
        '["low", "low", "low", "medium-low", "medium-low"]',
        '["low", "low", "low", "medium-low"]',
        0,
        "at least 5",
    ),
    "a measure that there is not": ('["stop_deliveries"]', '["prayer"]', 0, "prepayment"),
    "a role that may not approve": ('roles = ["approver"]', 'roles = ["auditor"]', 0, "analyst"),
    "another format": ("hanse-risk-policy/1", "hanse-risk-policy/2", 0, "hanse-risk-policy/1"),
}


@pytest.mark.parametrize(("before", "after", "below", "reason"), FIELDS.values(), ids=FIELDS)
def test_a_field_that_does_not_fit(before: str, after: str, below: int, reason: str) -> None:
    text, line = changed(before, after)
    faults = refused(text)
    assert (line + below) in {at for at, _ in faults}
    assert reason in " ".join(why for at, why in faults if at == line + below)


def test_a_field_that_is_missing_is_named_at_its_table() -> None:
    text, line = changed("largest_single_share = 0.05\n", "")
    assert refused(text) == [(line - 1, "largest_single_share is missing")]
    assert (1, "limits is missing") in refused(TEXT.replace("[limits]", "[limit]"))


RULES = {
    "weights that do not make 100": ("weight = 16", "weight = 17", -2, "make 101, not 100"),
    "grades out of order": ("B = 70", "B = 86", 0, "higher score than the next"),
    "a signal that there is not": ('"network.trend"', '"network.rumours"', 0, "no such signal"),
    "a signal twice": ('signal = "network.trend"', 'signal = "own.utilisation"', None, "another factor"),
    "another direction than the catalogue's": (
        'signal = "network.days_beyond_terms"\nweight = 16\nworse = "higher"',
        'signal = "network.days_beyond_terms"\nweight = 16\nworse = "lower"',
        2,
        "contradictory",
    ),
    "more points for what is worse": (
        "{ up_to = 8, points = 85 },\n  { up_to = 15, points = 65 }",
        "{ up_to = 8, points = 65 },\n  { up_to = 15, points = 85 }",
        1,
        "more points for what is worse",
    ),
    "a band that is never reached": (
        "{ up_to = 8, points = 85 }",
        "{ up_to = 2, points = 85 }",
        0,
        "unreachable",
    ),
    "a last band with an end": (
        "{ up_to = 10, points = 45 },\n  { points = 0 }",
        "{ up_to = 10, points = 45 },\n  { up_to = 99, points = 0 }",
        1,
        "every band but the last",
    ),
    "a condition that there is not": (
        'when = ["ended"]',
        'when = ["begun"]',
        0,
        "there is no condition begun",
    ),
    "a test of what there is not": ('["grade in E"]', '["mood in E"]', 0, "neither a signal nor a result"),
    "a figure taken for a choice": ('"own.lost_minor > 0"', '"own.lost_minor in 0"', 0, "is a figure"),
    "a choice taken for a figure": ('["grade in E"]', '["grade > 3"]', 0, "is a choice"),
    "a choice that never comes": ('["grade in E"]', '["grade in F"]', 0, "never F"),
    "a condition that rests on itself": (
        'ended = { any = ["fact.insolvency >= 1", "fact.struck_off >= 1"] }',
        'ended = { any = ["fact.insolvency >= 1", "over"] }\nover = { all = ["ended"] }',
        0,
        "cyclic",
    ),
    "a level that falls with the impact": (
        '["low", "low", "low", "medium-low", "medium-low"]',
        '["low", "medium-low", "low", "medium-low", "medium-low"]',
        0,
        "falls as the impact grows",
    ),
    "a level that falls with the likelihood": (
        '["low", "low", "low", "medium-low", "medium-low"]',
        '["low", "low", "low", "medium-low", "high"]',
        0,
        "falls as the likelihood grows",
    ),
    "bounds out of order": ("[0.1, 0.3, 0.6, 1.0]", "[0.1, 0.3, 0.3, 1.0]", 0, "above the one before"),
    "to avoid without a measure": (
        'response = "avoid"\nmeasures = ["stop_deliveries"]',
        'response = "avoid"\nmeasures = ["closer_contact"]',
        1,
        "contradictory",
    ),
    "to avoid with a limit": (
        'measures = ["stop_deliveries"]\nlimit_percent = 0',
        'measures = ["stop_deliveries"]\nlimit_percent = 10',
        -4,
        "leaves no limit",
    ),
    "a lower limit that is none": ("limit_percent = 75", "limit_percent = 100", -1, "a lower limit"),
    "shorter terms without terms": (
        "single_percent = 10\nterms_days_most = 30",
        "single_percent = 10",
        None,
        "shorter terms without",
    ),
    "conditions that are none": (
        'conditions = ["prepayment"]',
        "conditions = []",
        -4,
        "proceed_with_conditions",
    ),
    "an approval without an end before the last": (
        "up_to_minor = 10_000_000\n",
        "",
        -1,
        "every step but the last",
    ),
    "a name twice": ('name = "weak"', 'name = "bad"', 0, "another rule has this name"),
}


@pytest.mark.parametrize(("before", "after", "below", "reason"), RULES.values(), ids=RULES)
def test_a_rule_that_cannot_be_meant(before: str, after: str, below: int | None, reason: str) -> None:
    text, line = changed(before, after)
    faults = refused(text)
    fitting = [at for at, why in faults if reason in why]
    assert fitting, faults
    assert below is None or (line + below) in fitting, faults


TABLES = {
    "a rule that is never reached": (
        'name = "bad"\nwhen = ["grade in E"]',
        'name = "bad"\nwhen = ["grade in E", "level in high"]',
        -1,
        "unreachable",
    ),
    "tests that no case fits": (
        '"grade in E", "level in high"',
        '"grade in E", "grade in D"',
        0,
        "no case fits",
    ),
    "a cap that no case fits": (
        '["own.invoices < 3", "network.breadth unknown"]',
        '["own.invoices < 3", "own.invoices > 5"]',
        0,
        "no case fits",
    ),
    "a last rule that leaves cases out": (
        'name = "good"\nresponse',
        'name = "good"\nwhen = ["network.trend known"]\nresponse',
        None,
        "network.trend unknown",
    ),
    "a cap that rests on the grade": ('["own.lost_minor > 0"]', '["grade in C"]', 0, "cyclic"),
    "a cap that what is worse would lift": (
        '"own.lost_minor > 0"',
        '"own.lost_minor < 3"',
        0,
        "lift this cap",
    ),
}


@pytest.mark.parametrize(("before", "after", "below", "reason"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_meant(before: str, after: str, below: int | None, reason: str) -> None:
    text, line = changed(before, after)
    faults = refused(text)
    fitting = [at for at, why in faults if reason in why]
    assert fitting, faults
    assert below is None or (line + below) in fitting, faults


def test_a_rule_is_not_called_unreachable_for_what_an_earlier_one_leaves() -> None:
    text, _ = changed(
        'name = "bad"\nwhen = ["grade in E"]', 'name = "bad"\nwhen = ["grade in E", "level in low high"]'
    )
    assert parse_policy(text.encode()).responses[2].name == "bad"


def test_all_faults_of_a_kind_are_named_at_once() -> None:
    text = TEXT.replace("neutral = 60", "neutral = -1").replace("due_days = 14", "due_days = -14")
    assert [line for line, _ in refused(text)] == sorted(
        number
        for number, line in enumerate(TEXT.splitlines(), 1)
        if line in ("neutral = 60", "due_days = 14")
    )


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"", 1),
        (b"format = 1\nname = [1,\n", 3),
        (b"a = 1\nb = \xff\n", 2),
        (b"a = 1\na = 2\n", 2),
        (b"[x\n", 1),
        (b"#" * (BYTES_MOST + 1), 1),
        (b"a = " + b"[" * 20_000, 1),
    ],
    ids=["empty", "unfinished", "no text", "twice", "header", "too large", "nested"],
)
def test_what_is_no_policy_at_all(raw: bytes, line: int) -> None:
    assert refused(raw)[0][0] == line

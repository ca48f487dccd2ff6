"""Lines of a TOML text, held against what `tomllib` reads from the same text."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.risk.policy.lines import Path, lines_of
from node.risk.policy.reading import default_raw

TRICKY = r'''# comment with [brackets] = "and strings"
a = 1
"b.c" = [ # one
  1, # ]
  { d = "]", 'e f' = """
two
lines "" """", g.h = 2 },
  'x}', "\"," ,
]
[t.u]
x = """a\\"""
y = 1979-05-27 07:32:00
[[t.v]]
k = [[1],
[2,
3]]
[[t.v]]
[t.v.w]
z = 'C:\'
[ spaced . "out" ]
q=true
'''
LINES: dict[Path, int] = {
    (): 1,
    ("a",): 2,
    ("b.c",): 3,
    ("b.c", 0): 4,
    ("b.c", 1): 5,
    ("b.c", 1, "d"): 5,
    ("b.c", 1, "e f"): 5,
    ("b.c", 1, "g"): 7,
    ("b.c", 1, "g", "h"): 7,
    ("b.c", 2): 8,
    ("b.c", 3): 8,
    ("t",): 10,
    ("t", "u"): 10,
    ("t", "u", "x"): 11,
    ("t", "u", "y"): 12,
    ("t", "v"): 13,
    ("t", "v", 0): 13,
    ("t", "v", 0, "k"): 14,
    ("t", "v", 0, "k", 0): 14,
    ("t", "v", 0, "k", 0, 0): 14,
    ("t", "v", 0, "k", 1): 15,
    ("t", "v", 0, "k", 1, 0): 15,
    ("t", "v", 0, "k", 1, 1): 16,
    ("t", "v", 1): 17,
    ("t", "v", 1, "w"): 18,
    ("t", "v", 1, "w", "z"): 19,
    ("spaced",): 20,
    ("spaced", "out"): 20,
    ("spaced", "out", "q"): 21,
}


def paths_of(content: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of everything in what `tomllib` has read."""
    yield path
    if isinstance(content, dict):
        for key, value in content.items():
            yield from paths_of(value, (*path, key))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from paths_of(value, (*path, place))


def test_every_form_that_toml_has() -> None:
    assert set(paths_of(tomllib.loads(TRICKY))) == set(LINES)
    assert lines_of(TRICKY) == LINES


def test_lines_that_end_as_on_windows() -> None:
    assert lines_of(TRICKY.replace("\n", "\r\n")) == LINES


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "a = 1"])
def test_small_texts(text: str) -> None:
    assert set(lines_of(text)) == set(paths_of(tomllib.loads(text)))


def test_the_default_policy_has_a_line_for_everything_in_it() -> None:
    text = default_raw().decode()
    lines = lines_of(text)
    assert set(lines) == set(paths_of(tomllib.loads(text)))
    written = text.splitlines()
    for path, line in lines.items():
        if path and isinstance(path[-1], str):
            assert path[-1] in written[line - 1]


KEYS = st.text("abc", min_size=1, max_size=2)
SCALARS = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(["true", "1.5", "2024-01-01", "'[]{},#='", '"a\\"],"', '"""\nx\n"y" """', "'''\n'\n'''"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n# c ]\n" + ",\n".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"
        ),
    ),
    max_leaves=6,
)
SECTIONS = st.tuples(st.booleans(), KEYS, st.dictionaries(KEYS, VALUES, max_size=3))


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.lists(SECTIONS, max_size=4))
def test_what_tomllib_reads_has_lines_and_nothing_else(
    top: dict[str, str], sections: list[tuple[bool, str, dict[str, str]]]
) -> None:
    kinds = {name: is_array for is_array, name, _ in sections}
    blocks = [_pairs({f"top{key}": value for key, value in top.items()})]
    seen = set[str]()
    for _, name, pairs in sections:
        if kinds[name] or name not in seen:
            head = f"[[{name}]]" if kinds[name] else f"[{name}]"
            blocks.append(f"{head}\n{_pairs(pairs)}")
            seen.add(name)
    text = "\n# between\n\n".join(blocks)
    lines = lines_of(text)
    assert set(lines) == set(paths_of(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


def _pairs(pairs: dict[str, str]) -> str:
    return "\n".join(f"{key} = {value}" for key, value in pairs.items())

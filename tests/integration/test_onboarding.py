"""The walk-through for users of the client runs as printed, and its five lines on a real node too."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_client import SHARED, fake_place, real_place

import hanse_client
from hanse_client import errors
from hanse_client.testing import FakeHanse, window

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "onboarding.md"
README = ROOT / "client_sdk" / "README.md"
URL, SUBJECT = "https://hanse.alder.example", "uscc:91350100M000100Y43"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+Error)` \| `(\w+)` \|", re.MULTILINE)


class Rerouted(httpx.BaseTransport):
    """Takes what goes to the URL of the text to the node at another."""

    def __init__(self, url: str, inner: httpx.BaseTransport) -> None:
        self._url, self._inner = url, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url).startswith(URL)
        target = httpx.URL(self._url + request.url.raw_path.decode())
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        return self._inner.handle_request(
            httpx.Request(request.method, target, headers=headers, content=request.content)
        )

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(path: Path) -> list[str]:
    found = BLOCK.findall(path.read_text("utf-8"))
    assert found
    return found


def run(code: list[str], names: dict[str, Any]) -> dict[str, Any]:
    for block in code:
        exec(compile(block, "a block of code", "exec"), names)  # noqa: S102 - the text is what is tested
    return names


def test_the_walk_through_runs_as_it_is_printed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHanse()
    fake.add(SUBJECT, window("2026-09", rows=[(1, 2, 0)] * 5))
    fake.assess(SUBJECT, grade="A", score=87)
    (folder / "consortium.json").write_bytes(fake.trust)
    (folder / "api-key").write_text(f"{fake.api_key}\n")
    monkeypatch.setattr(httpx, "HTTPTransport", fake.transport)
    monkeypatch.setattr(httpx, "AsyncHTTPTransport", fake.transport)
    names = run(blocks(GUIDE), {})
    tests: list[Callable[[], None]] = [names[name] for name in names if name.startswith("test_")]
    assert len(tests) >= 3
    monkeypatch.undo()
    for test in tests:
        test()
    assert json.loads(names["path"].read_bytes())["subject"] == SUBJECT


@pytest.fixture(scope="module", params=["fake", "real"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = fake_place() if request.param == "fake" else real_place(tmp_path_factory.mktemp("node"))
    with made as found:
        yield found


@pytest.mark.parametrize("path", [README, GUIDE], ids=lambda path: path.name)
def test_the_five_lines(place: Any, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "consortium.json").write_bytes(place.trust)
    five = next(block for block in blocks(path) if "with Hanse(" in block)
    assert len(five.strip().splitlines()) == 5
    rerouted = Rerouted(place.url, httpx.HTTPTransport())
    monkeypatch.setattr(httpx, "HTTPTransport", lambda: rerouted)
    monkeypatch.setattr(hanse_client.setting, "Surroundings", lambda: place.surroundings)
    names = run([five.replace(SUBJECT, SHARED)], {"key": place.api_key})
    assert names["report"].coverage == "checked"


def test_the_error_table_has_every_error_and_its_code() -> None:
    told = dict(ROW.findall(GUIDE.read_text("utf-8")))
    known = {
        name: kind.code
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, hanse_client.HanseError) and kind.__doc__
    }
    roots = {"HanseError", "LedgerError", "RejectedError", "UnavailableError"}
    assert told == {name: code for name, code in known.items() if name not in roots}

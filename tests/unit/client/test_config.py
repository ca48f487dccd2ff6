"""How a client may be made, and what of it is never shown."""

import copy
import inspect
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from hanse_client import AsyncHanse, Hanse, Limits
from hanse_client.config import ApiKey, parse_base_url
from hanse_client.errors import AccessError, ConfigurationError, DocumentError, NodeUnavailableError
from hanse_client.testing import FakeHanse
from hanse_client.trust import Trust

TRUST = FakeHanse().trust
KEY = "k3y-th4t-nobody-sees"


@pytest.mark.parametrize(
    "url",
    [
        "https://hanse.alder.example",
        "https://hanse.alder.example/",
        "https://hanse.alder.example:8443/node/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost",
    ],
)
def test_base_urls_that_are_taken(url: str) -> None:
    assert not parse_base_url(url, allow_http=False).path.endswith("//")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hanse.alder.example",
        "ftp://hanse.alder.example",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user:password@hanse.alder.example",
        "https://user@hanse.alder.example",
        "https://hanse.alder.example?x=1",
        "https://hanse.alder.example?",
        "https://hanse.alder.example#x",
        "https://hanse.alder.example:0",
        "https://hanse.alder.example:99999",
        "https://hanse.alder.example\n",
        "http://hanse.alder.example",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://10.0.0.1",
        None,
        7,
    ],
)
def test_base_urls_that_are_not(url: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_base_url(url, allow_http=False)
    assert "password" not in str(refused.value)


def test_http_elsewhere_is_allowed_by_name_only() -> None:
    assert str(parse_base_url("http://node.internal", allow_http=True)) == "http://node.internal"
    with pytest.raises(ConfigurationError):
        Hanse("http://node.internal", api_key=KEY, trust=TRUST)
    Hanse("http://node.internal", api_key=KEY, trust=TRUST, allow_http=True).close()


@pytest.mark.parametrize("key", ["", " ", "two words", "new\nline", "schlüssel", "x" * 513, None, b"key"])
def test_keys_that_no_header_can_carry(key: Any) -> None:
    with pytest.raises(ConfigurationError):
        Hanse("https://hanse.alder.example", api_key=key, trust=TRUST)


@pytest.mark.parametrize("field", ["connect_s", "read_s", "deadline_s", "attempts", "body_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_limits_are_above_zero(field: str, value: float) -> None:
    with pytest.raises(ConfigurationError):
        Limits(**{field: value})  # type: ignore[arg-type]


def test_trust_is_a_path_bytes_or_json(tmp_path: Path) -> None:
    path = tmp_path / "consortium.json"
    path.write_bytes(TRUST)
    loaded = [Trust.load(source) for source in (path, str(path), TRUST, json.loads(TRUST))]
    assert len({one.hash for one in [*loaded, Trust.load(loaded[0])]}) == 1
    assert loaded[0].is_demo
    assert "onboarding" in loaded[0].purposes


def test_what_is_no_document_is_not_trusted(tmp_path: Path) -> None:
    other = json.loads(TRUST)
    other["parties"][0]["statement_key"] = "00" * 32
    for source in (b"", b"{}", TRUST + b" ", TRUST[:-1], {}, {"a": object()}, other, bytes(2 << 20)):
        with pytest.raises(DocumentError):
            Trust.load(source)
    with pytest.raises(FileNotFoundError):
        Trust.load(tmp_path / "absent.json")


def test_a_file_that_changes_later_changes_nothing(tmp_path: Path) -> None:
    fake, path = FakeHanse(), tmp_path / "consortium.json"
    path.write_bytes(fake.trust)
    with fake.client(trust=path) as hanse:
        path.write_bytes(FakeHanse().trust)
        assert hanse.check("ref:DEMO:1", purpose="onboarding").coverage == "none"


def test_a_key_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    subject, fake = "ref:DEMO:SECRETSUBJECT", FakeHanse()
    shown = [repr(ApiKey(KEY)), str(ApiKey(KEY))]
    with fake.serve() as url, Hanse(url, api_key=KEY, trust=fake.trust, limits=Limits(attempts=3)) as hanse:
        shown += [repr(hanse), str(hanse), repr(vars(hanse))]
        fake.cut_next(times=3)
        for expected in (NodeUnavailableError, AccessError):
            with pytest.raises(expected) as refused:
                hanse.check(subject, purpose="onboarding")
            at: BaseException | None = refused.value
            while at is not None:
                shown += [repr(at), str(at), repr(at.args)]
                at = at.__cause__ or at.__context__
    shown.append(caplog.text)
    assert not [text for text in shown if KEY in text or "SECRETSUBJECT" in text]


def test_a_key_leaves_the_process_in_no_other_way() -> None:
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(ApiKey(KEY))


def test_both_forms_have_the_same_methods() -> None:
    def methods(form: type) -> dict[str, list[str]]:
        members = inspect.getmembers(form, inspect.isfunction)
        return {n: list(inspect.signature(f).parameters) for n, f in members if not n.startswith("_")}

    assert methods(Hanse) == methods(AsyncHanse)
    assert {"check", "check_many", "close"} <= methods(Hanse).keys()
    for name in methods(Hanse):
        given = inspect.signature(getattr(Hanse, name)), inspect.signature(getattr(AsyncHanse, name))
        assert given[0].parameters == given[1].parameters

"""Where a passphrase comes from, and that one form of it counts."""

from pathlib import Path

import pytest

from node.errors import KeyFileError, NoPassphraseError
from node.passphrase import VARIABLE, Passphrase, check_new, find_passphrase


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    path = tmp_path / "passphrase"
    path.touch(0o600)
    return path


def typed() -> str:
    return "typed at the terminal"


def test_the_file_stands_above_the_environment_and_that_above_the_terminal(file: Path) -> None:
    file.write_text("from the file\n")
    environment = {VARIABLE: "from the environment"}
    assert find_passphrase(file=file, environment=environment, ask=typed) == Passphrase(b"from the file")
    assert find_passphrase(file=None, environment=environment, ask=typed).secret == b"from the environment"
    assert find_passphrase(file=None, environment={}, ask=typed).secret == b"typed at the terminal"
    with pytest.raises(NoPassphraseError):
        find_passphrase(file=None, environment={}, ask=None)


@pytest.mark.parametrize(
    ("raw", "secret"),
    [
        (b"one line", b"one line"),
        (b"one line\n", b"one line"),
        (b"one line\r\n", b"one line"),
        (b" spaces count \n", b" spaces count "),
        (b"two\nlines\n", b"two\nlines"),
        ("é composed".encode(), "é composed".encode()),
        ("e\u0301 composed".encode(), "é composed".encode()),
    ],
)
def test_what_a_file_says(file: Path, raw: bytes, secret: bytes) -> None:
    file.write_bytes(raw)
    assert find_passphrase(file=file, environment={}, ask=None).secret == secret


@pytest.mark.parametrize("raw", [b"", b"\n"])
def test_an_empty_passphrase_is_none(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(NoPassphraseError):
        find_passphrase(file=file, environment={}, ask=None)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a" * 4_097])
def test_a_file_that_is_no_passphrase_is_refused(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(KeyFileError):
        find_passphrase(file=file, environment={}, ask=None)


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    file.write_text("open to all")
    for mode in (0o644, 0o640, 0o660):
        file.chmod(mode)
        with pytest.raises(KeyFileError):
            find_passphrase(file=file, environment={}, ask=None)


def test_a_new_one_has_twelve_characters_whatever_their_bytes() -> None:
    for text in ("elevenchars", "十一个字的口令太短了点"):
        with pytest.raises(NoPassphraseError):
            check_new(Passphrase(text.encode()))
    for text in ("twelve chars", "十二个字的口令已经足够长了"):
        check_new(Passphrase(text.encode()))


def test_it_never_shows_itself() -> None:
    assert "secret words" not in repr(Passphrase(b"secret words"))

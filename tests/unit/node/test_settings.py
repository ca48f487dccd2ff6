import hashlib
from pathlib import Path

import pytest

from node.errors import SettingsError
from node.settings import load_settings

LEAST = """
party = "alder"
consortium = "consortium.json"
genesis = "genesis.cose"
folder = "."
listen = "127.0.0.1:8080"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "node.toml").write_text(text)
    return folder / "node.toml"


def test_paths_are_below_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, LEAST))
    assert (settings.consortium, settings.folder) == (tmp_path / "consortium.json", tmp_path)
    assert settings.address == ("127.0.0.1", 8080)
    assert (settings.url, settings.peers, settings.api_keys) == (None, {}, ())


def test_an_address_of_version_6(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, LEAST.replace("127.0.0.1", "[::1]")))
    assert settings.address == ("::1", 8080)


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_NODE_LISTEN", "127.0.0.1:9999")
    monkeypatch.setenv("HANSE_NODE_PEERS", '{"birch": "http://birch.example"}')
    settings = load_settings(write(tmp_path, LEAST))
    assert settings.address == ("127.0.0.1", 9999)
    assert settings.peers == {"birch": "http://birch.example"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("party = ", "TOML"),
        (LEAST + "more = 1\n", "more"),
        (LEAST.replace("party", "name"), "party"),
        (LEAST + "work_interval_s = 0\n", "work_interval_s"),
        (LEAST + 'api_keys = ["a secret that was put here by mistake"]\n', "api_keys"),
        (LEAST + '[peers]\nbirch = "birch"\n', "peers.birch"),
        (LEAST.replace(":8080", ""), "listen"),
        (LEAST + '[mail]\nserver = "mail.firm.example:587"\nsender = "secret"\n', "mail.sender"),
        (LEAST + '[[webhooks]]\nname = "erp"\nurl = "secret"\nsecret_file = "s"\n', "webhooks.0.url"),
    ],
)
def test_a_bad_file_is_refused_by_its_field_and_without_its_values(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        load_settings(write(tmp_path, text))
    assert "secret" not in str(caught.value)


def test_keys_are_told_by_their_hashes(tmp_path: Path) -> None:
    known = hashlib.sha256(b"key").hexdigest()
    assert load_settings(write(tmp_path, LEAST + f'api_keys = ["{known}"]\n')).api_keys == (known,)


DELIVERY = """
[mail]
server = "mail.firm.example:587"
sender = "hanse@firm.example"
login = "hanse"
password_file = "mail-password"
[[mail.recipients]]
name = "credit"
address = "credit@firm.example"
language = "zh-CN"
[[webhooks]]
name = "erp"
url = "https://erp.firm.example/hanse"
secret_file = "erp-secret"
"""


def test_where_alerts_go(tmp_path: Path) -> None:
    delivery = load_settings(write(tmp_path, LEAST + DELIVERY)).delivery
    assert delivery.mail is not None
    assert (delivery.mail.host, delivery.mail.port, delivery.mail.security) == (
        "mail.firm.example", 587, "starttls",
    )  # fmt: skip
    assert delivery.mail.password_file == tmp_path / "mail-password"
    assert [(one.name, one.secret_file) for one in delivery.webhooks] == [("erp", tmp_path / "erp-secret")]
    twice = DELIVERY + DELIVERY[DELIVERY.index("[[webhooks]]") :]
    with pytest.raises(SettingsError, match=r"webhooks \(a name is given twice\)"):
        load_settings(write(tmp_path, LEAST + twice))

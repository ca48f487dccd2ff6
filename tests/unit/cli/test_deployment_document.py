"""docs/deployment.md: its founding is walked, each command with its container's folder, secrets, settings.

There is no engine: `docker compose run` is here what the compose file says, with places of this machine.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support_compose import PROFILES, ROOT, project
from support_founding import cheap_keys, done, hanse
from support_postgres import Cluster

from node.founding.progress import CONFIG_FILE
from node.keystore import open_keys
from node.passphrase import find_passphrase
from node.settings import load_settings

DOCUMENT = ROOT / "docs" / "deployment.md"
PARTIES = ("steward-1", "steward-2", "steward-3", "steward-4", "desk", "alder", "birch", "cedar", "doum")
_LOOP = re.compile(r"for (\w+) in (.*); do (.*); done")
_RUN = re.compile(r'on\(\) \{ docker compose run --rm -v "\$PWD/mail:/mail" "\$@"; \}')


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def typed(engine: str) -> Iterator[list[str]]:
    """The words of each command of the founding, its loops unrolled."""
    for block in blocks("console"):
        for line in block.splitlines():
            command = line.removeprefix("$ ")
            loop = _LOOP.fullmatch(command)
            values = loop[2].split() if loop else [""]
            for value in values:
                once = command if loop is None else loop[3].replace(f"${loop[1]}", value)
                yield [once] if _RUN.fullmatch(once) else shlex.split(once.replace("$ENGINE", engine))


@dataclass(frozen=True)
class Host:
    """A folder in the place of the host: `mail`, the volumes, and the secrets as the script makes them."""

    folder: Path
    services: dict[str, Any]
    secrets: dict[str, Any]
    cluster: Cluster
    databases: dict[str, str] = field(default_factory=dict)

    def place(self, service: str, target: str) -> Path:
        """Where on this machine a path of a container is."""
        if target.startswith("/run/secrets/"):
            (source,) = [
                one["source"] for one in self.services[service]["secrets"]
                if one["target"] == Path(target).name
            ]  # fmt: skip
            file: str = self.secrets[source]["file"]
            return Path(file)
        mounted: dict[str, str] = {one["target"]: one["source"] for one in self.services[service]["volumes"]}
        places = {"/mail": self.folder / "mail"} | {
            inside: self.folder / source for inside, source in mounted.items() if not source.startswith("/")
        }
        (inside,) = [one for one in places if target == one or target.startswith(f"{one}/")]
        return places[inside] / target.removeprefix(inside).lstrip("/")

    def environment(self, service: str) -> dict[str, str]:
        given: dict[str, str] = self.services[service]["environment"]
        places = {
            name: str(self.place(service, value))
            for name, value in given.items()
            if value.startswith("/run/")
        }
        return given | places | {"HANSE_NODE_DATABASE": self.database(service)}

    def database(self, service: str) -> str:
        """The database that is known to this service as `database`."""
        networks = self.services[service]["networks"]
        (server,) = [
            name for name, other in self.services.items()
            for network, of in other["networks"].items()
            if network in networks and "database" in (of or {}).get("aliases", ())
        ]  # fmt: skip
        if server not in self.databases:
            self.databases[server] = self.cluster.new_database().render_as_string()
        return self.databases[server]

    def run(self, service: str, words: list[str], patch: pytest.MonkeyPatch) -> None:
        """Run a command as the service's container would: its entry point, working folder and environment."""
        with patch.context() as patched, chdir(self.place(service, "/var/lib/hanse")):
            for name, value in self.environment(service).items():
                patched.setenv(name, value)
            done(
                hanse(
                    *(str(self.place(service, word)) if word.startswith("/mail") else word for word in words)
                )
            )


@pytest.fixture(params=PROFILES)
def host(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster) -> Host:
    if os.geteuid() != 0:
        pytest.skip("files of the containers' users can be made by root alone")
    made = project(request.param, {"HANSE_SECRETS": str(tmp_path / "secrets")})
    for party in PARTIES:
        (tmp_path / party).mkdir(mode=0o700)
    (tmp_path / "mail").mkdir()
    (policy,) = blocks("toml")
    (tmp_path / "mail" / "policy.toml").write_text(policy)
    make_secrets(tmp_path / "secrets")
    return Host(tmp_path, made["services"], made["secrets"], cluster)


def make_secrets(folder: Path, *parties: str) -> None:
    script = ["sh", str(ROOT / "deploy" / "secrets.sh"), *parties]
    subprocess.run(script, env=os.environ | {"HANSE_SECRETS": str(folder)}, check=True, capture_output=True)


def test_the_founding_can_be_walked_in_the_containers(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)
    engine = "" if "desk" in host.services else "-cometbft"
    for words in typed(engine):
        if words[0] == "on" and words[1] in host.services:
            host.run(words[1], words[2:], monkeypatch)
    for party in PARTIES:
        service = host.services[f"{party}{engine}"]
        for name, value in host.environment(f"{party}{engine}").items():
            monkeypatch.setenv(name, value)
        settings = load_settings(host.folder / party / CONFIG_FILE)
        assert (settings.party, settings.engine) == (party, service["environment"]["HANSE_NODE_ENGINE"])
        assert settings.address == ("0.0.0.0", 8080)  # noqa: S104 - the container's
        assert settings.database is not None
        passphrase = find_passphrase(file=settings.passphrase_file, environment={}, ask=None)
        assert open_keys(host.folder / party / "keys.json", passphrase).party == party
        if settings.cometbft is not None:
            check_validator(host, party)
        for name in host.environment(f"{party}{engine}"):
            monkeypatch.delenv(name)


def check_validator(host: Host, party: str) -> None:
    """Its CometBFT looks for the others where the compose file's network has them."""
    config = (host.folder / party / "cometbft" / "config" / "config.toml").read_text()
    named = set(re.findall(r"@([\w.-]+):26656", config))
    known = {alias for service in host.services.values()
             for alias in (service["networks"].get("validators") or {}).get("aliases", ())}  # fmt: skip
    assert named == known - {f"{party}.validator"}
    assert len(named) == 3
    assert 'laddr = "tcp://0.0.0.0:26656"' in config
    assert 'prometheus_listen_addr = "0.0.0.0:26660"' in config


def test_secrets_are_for_their_readers_alone_and_are_made_once(host: Host) -> None:
    secrets = host.folder / "secrets"
    files = {path.relative_to(secrets): path for path in secrets.rglob("*") if path.is_file()}
    assert len(files) == 3 * len(PARTIES) + 1
    assert {Path(secret["file"]) for secret in host.secrets.values()} == set(files.values())
    for name, path in files.items():
        state = path.stat()
        owner = 472 if name.parts[0] == "grafana" else 10001
        assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (owner, owner, 0o400), name
        assert path.parent.stat().st_mode & 0o777 == 0o700
    before = {name: path.read_bytes() for name, path in files.items()}
    assert len({content for name, content in before.items() if name.name != "pgpass"}) == 2 * len(PARTIES) + 1
    for party in PARTIES:
        password = before[Path(party) / "database"].decode()
        assert before[Path(party) / "pgpass"].decode() == f"*:*:*:*:{password}\n"
        assert re.fullmatch("[0-9a-f]{48}", password)
    make_secrets(secrets)
    make_secrets(secrets, "ebony")
    assert {name: path.read_bytes() for name, path in files.items()} == before
    assert (secrets / "ebony" / "passphrase").exists()


def test_what_the_page_names_is_there() -> None:
    text = DOCUMENT.read_text()
    assert "(docs/deployment.md)" in (ROOT / "README.md").read_text()
    services = project("solo")["services"] | project("cometbft")["services"]
    asked = re.findall(r"docker compose (?:exec|up|run|logs)(?: -{1,2}[\w-]+(?: tar)?)* ([a-z][\w-]*)", text)
    assert len(asked) > 4
    assert set(asked) <= set(services)

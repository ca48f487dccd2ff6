"""docs/deployment.md: its founding is walked, each command with its container's folder, secrets, settings.

What comes of it are the settings of `make net`, which says that it starts the same as processes.
"""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from net_databases import INITDB, SERVER
from net_founding import found, init_validators
from net_parties import Engine, Party, choose_layout
from support_compose import PROFILES, ROOT, project
from support_containers import DOCUMENT, PARTIES, Host, make_secrets, walked
from support_founding import cheap_keys
from support_postgres import Cluster

from node.founding.progress import CONFIG_FILE
from node.keystore import open_keys
from node.passphrase import find_passphrase
from node.settings import NodeSettings, load_settings

DIFFERING: Final = {
    "passphrase_file": "one of the engine's secrets there, a file in the party's own folder here",
    "database": "a server in the party's own network there, behind a socket of the party's own here",
    "work_interval_s": "nobody waits for a demonstration, and a node with little to do need not hurry",
    "log_format": "a program collects the logs there, people read them here",
}
"""Settings of a node under docker-compose.yml and under `make net` that are not the same, and why."""
DIFFERING_COMET: Final = {
    "p2p.persistent_peers": "the other validators go by names in their network there, by addresses here",
}
"""The same for CometBFT's configuration."""
BEYOND_SETTINGS: Final = {
    "HANSE_PASSPHRASE_FILE": "for founders' commands, which are given the file's name here",
    "PGPASSFILE": "the database asks for a password; who may open the socket's folder needs none here",
    "FORWARDED_ALLOW_IPS": "a proxy stands before the nodes",
    "SSL_CERT_FILE": "nodes reach each other over TLS",
}
"""What else the environment of a container says, and why a process needs nothing of it."""


@pytest.fixture(scope="module", params=PROFILES)
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cluster: Cluster
) -> Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("files of the containers' users can be made by root alone")
    with pytest.MonkeyPatch.context() as patch:
        cheap_keys(patch)
        yield walked(tmp_path_factory.mktemp(request.param), request.param, cluster, patch)


@pytest.fixture(scope="module")
def processes(
    host: Host, tmp_path_factory: pytest.TempPathFactory, cluster: Cluster
) -> Iterator[dict[str, Party]]:
    """The same parties, founded by `make net`; none of them runs."""
    engine: Engine = "cometbft" if host.engine else "solo"
    folder = tmp_path_factory.mktemp("net")
    layout = choose_layout(folder, PARTIES[5:], engine=engine, database="postgresql", apart=True)
    with pytest.MonkeyPatch.context() as patch:
        cheap_keys(patch)
        found(folder, layout, first_month="2026-01", currency="CNY")
        # None of its PostgreSQL servers runs; a new database of the tests' is as good.
        patch.setenv("HANSE_NODE_DATABASE", cluster.new_database().render_as_string())
        init_validators(folder, layout.parties)
        yield dict(layout.parties)


def settings_of(config: Path, environment: dict[str, str]) -> NodeSettings:
    """A node's settings as it reads them in exactly this environment."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("HANSE_")]:
            patched.delenv(name)
        for name, value in environment.items():
            patched.setenv(name, value)
        return load_settings(config)


def test_the_founding_can_be_walked_in_the_containers(host: Host) -> None:
    for party in PARTIES:
        service = f"{party}{host.engine}"
        settings = settings_of(host.folder / party / CONFIG_FILE, host.environment(service))
        assert settings.party == party
        assert settings.database is not None
        passphrase = find_passphrase(file=settings.passphrase_file, environment={}, ask=None)
        assert open_keys(host.folder / party / "keys.json", passphrase).party == party
        if settings.cometbft is not None:
            check_validator(host, party)


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


def test_make_net_runs_each_node_with_the_settings_that_its_container_has(
    host: Host, processes: dict[str, Party]
) -> None:
    differing = set()
    for party, process in processes.items():
        home, given = host.folder / party, host.services[f"{party}{host.engine}"]["environment"]
        there = fields(settings_of(home / CONFIG_FILE, given), home)
        here = fields(settings_of(process.config, {}), process.home)
        differing |= {name for name in there if there[name] != here[name]}
        assert (here["engine"], here["listen"]) == (given["HANSE_NODE_ENGINE"], "0.0.0.0:8080")
        assert (here["cometbft"] is not None) == process.is_validator
        assert {name for name in given if not name.startswith("HANSE_NODE_")} == set(BEYOND_SETTINGS)
    assert set(processes) == set(PARTIES)
    assert differing == set(DIFFERING)


def fields(settings: NodeSettings, folder: Path) -> dict[str, Any]:
    """The fields of a node's settings, with what is in its folder named from there."""
    values = settings.model_dump()
    comet = values["cometbft"]
    if comet is not None:
        values["cometbft"] = comet | {"home": comet["home"].relative_to(folder)}
    return {
        name: value.relative_to(folder) if isinstance(value, Path) and value.is_relative_to(folder) else value
        for name, value in values.items()
    }


def test_make_net_configures_cometbft_as_in_the_containers(host: Host, processes: dict[str, Party]) -> None:
    validators = [party for party in processes.values() if party.is_validator]
    assert len(validators) == (4 if host.engine else 0)
    for party in validators:
        there, here = comet_values(host.folder / party.id), comet_values(party.home)
        assert set(there) == set(here)
        assert {name for name in there if there[name] != here[name]} == set(DIFFERING_COMET)


def comet_values(home: Path) -> dict[str, object]:
    """The values of CometBFT's configuration by section and name, with the party's folder as `~`."""
    text = (home / "cometbft" / "config" / "config.toml").read_text().replace(str(home), "~")
    found: dict[str, object] = {}
    for name, value in tomllib.loads(text).items():
        inner = value if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): one for key, one in inner.items()}
    return found


def test_make_net_runs_postgresql_as_in_the_containers() -> None:
    database = project("cometbft")["services"]["desk-postgres"]
    assert database["command"] == ["postgres", *SERVER]
    assert shlex.split(database["environment"]["POSTGRES_INITDB_ARGS"]) == list(INITDB)


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

"""The founding of docs/deployment.md, walked without an engine.

`docker compose run` is what the compose file says, with places of this machine for what it mounts.
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
from support_compose import ROOT, project
from support_founding import done, hanse
from support_postgres import Cluster

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

    @property
    def engine(self) -> str:
        """What stands behind a party's name in its service's."""
        return "" if "desk" in self.services else "-cometbft"

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


def walked(folder: Path, profile: str, cluster: Cluster, patch: pytest.MonkeyPatch) -> Host:
    """Make the secrets and give every command of the founding, under one profile."""
    made = project(profile, {"HANSE_SECRETS": str(folder / "secrets")})
    for party in PARTIES:
        (folder / party).mkdir(mode=0o700)
    (folder / "mail").mkdir()
    (policy,) = blocks("toml")
    (folder / "mail" / "policy.toml").write_text(policy)
    make_secrets(folder / "secrets")
    host = Host(folder, made["services"], made["secrets"], cluster)
    for words in typed(host.engine):
        if words[0] == "on" and words[1] in host.services:
            host.run(words[1], words[2:], patch)
    return host


def make_secrets(folder: Path, *parties: str) -> None:
    script = ["sh", str(ROOT / "deploy" / "secrets.sh"), *parties]
    subprocess.run(script, env=os.environ | {"HANSE_SECRETS": str(folder)}, check=True, capture_output=True)

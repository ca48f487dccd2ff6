"""The compose file's way to a database: a URL without a password, and libpq's password file as it is made."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from support_compose import ROOT, project
from support_postgres import Cluster

from hanse_ledger.errors import UnavailableError
from node.storage.database import Database
from node.storage.engines import Schema


def place_of(cluster: Cluster) -> Schema:
    """The place that every node of the compose file has, at the server at hand."""
    url = make_url(project("solo")["services"]["desk"]["environment"]["HANSE_NODE_DATABASE"])
    assert (url.host, url.password) == ("database", None)
    return Schema(url=url.set(host=None, query={"host": str(cluster.folder)}), name="node")


@pytest.fixture
def secrets(cluster: Cluster, tmp_path: Path) -> Path:
    """A party's secrets; the server's role has its password, and asks for it in this database alone."""
    if os.geteuid() != 0:
        pytest.skip("files of the containers' users can be made by root alone")
    script = ["sh", str(ROOT / "deploy" / "secrets.sh"), "desk"]
    subprocess.run(script, env=os.environ | {"HANSE_SECRETS": str(tmp_path)}, check=True, capture_output=True)
    password = (tmp_path / "desk" / "database").read_text()
    cluster.run(f"ALTER ROLE hanse PASSWORD '{password}'")
    cluster.run("CREATE DATABASE hanse")
    rules = cluster.folder / "data" / "pg_hba.conf"
    rules.write_text(f"local hanse hanse scram-sha-256\n{rules.read_text()}")
    cluster.run("SELECT pg_reload_conf()")
    return tmp_path / "desk"


def test_the_password_comes_from_its_file_alone(
    cluster: Cluster, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(cluster)
    monkeypatch.setenv("PGPASSFILE", str(secrets / "pgpass"))
    Database(place).close()
    # libpq takes no file that others may read, so its mode and owner matter in the container too.
    open_to_all = secrets / "open"
    shutil.copy(secrets / "pgpass", open_to_all)
    open_to_all.chmod(0o444)
    for other in (open_to_all, secrets / "none"):
        monkeypatch.setenv("PGPASSFILE", str(other))
        with pytest.raises(UnavailableError):
            Database(place)

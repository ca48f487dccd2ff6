"""docker-compose.yml, as Docker Compose itself reads it, under both profiles."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from net_parties import DESK, METRICS_PORT, PEER_PORT, STEWARDS
from support_compose import PROFILES, ROOT, compose, project, typed
from support_digests import DIGEST, engine

MEMBERS = ("alder", "birch", "cedar", "doum")
PARTIES = (*STEWARDS, DESK, *MEMBERS)
AROUND = ("proxy", "prometheus", "grafana")
NODE_SECRETS = {"passphrase", "pgpass"}
SECRET_WORDS = re.compile(r"password|passphrase|secret|token|key", re.IGNORECASE)
NODE_USER = "10001:10001"


@pytest.fixture(scope="module", params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def whole(profile: str) -> dict[str, Any]:
    return project(profile)


@pytest.fixture(scope="module")
def services(whole: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole["services"]
    return found


@pytest.fixture(scope="module")
def nodes(profile: str, services: dict[str, Any]) -> dict[str, Any]:
    """The nodes' services by their parties."""
    suffix = "" if profile == "solo" else f"-{profile}"
    return {party: services[party + suffix] for party in PARTIES}


def networks(service: dict[str, Any]) -> dict[str, set[str]]:
    """The networks of a service, each with the names by which it is known there."""
    return {name: set((of or {}).get("aliases", ())) for name, of in service["networks"].items()}


def test_a_profile_has_each_party_once_and_what_all_need(
    services: dict[str, Any], nodes: dict[str, Any]
) -> None:
    databases = {f"{party}-postgres" for party in PARTIES}
    assert len(services) == len(nodes) + len(databases) + len(AROUND)
    assert set(services) >= databases | set(AROUND)


def test_profiles_differ_in_nothing_but_how_the_order_is_made() -> None:
    solo, cometbft = (project(profile)["services"] for profile in PROFILES)
    for party in PARTIES:
        one, other = solo[party], cometbft[f"{party}-cometbft"]
        differing = {name for name in one | other if one.get(name) != other.get(name)} - {"profiles"}
        environment = dict(other["environment"])
        assert (one["environment"]["HANSE_NODE_ENGINE"], environment["HANSE_NODE_ENGINE"]) == PROFILES
        validator = json.loads(environment.pop("HANSE_NODE_COMETBFT", "null"))
        assert one["environment"] == environment | {"HANSE_NODE_ENGINE": "solo"}
        if party in STEWARDS:
            assert differing == {"environment", "networks", "deploy"}
            # `make net` runs the same as processes.
            assert validator == {"listen": f"0.0.0.0:{PEER_PORT}", "metrics": f"0.0.0.0:{METRICS_PORT}"}
            assert networks(other)["validators"] == {f"{party}.validator"}
        else:
            assert differing == {"environment"}
            assert validator is None
    shared = set(solo) & set(cometbft)
    assert {name: solo[name] for name in shared} == {name: cometbft[name] for name in shared}


def test_only_the_proxy_is_published(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(published) == {"proxy"}
    assert {port["published"] for port in published["proxy"]} == {"80", "443"}
    assert all(service.get("network_mode") is None for service in services.values())


def test_each_party_has_a_database_networks_and_volumes_that_no_other_party_has(
    whole: dict[str, Any], services: dict[str, Any], nodes: dict[str, Any]
) -> None:
    for party, node in nodes.items():
        database = services[f"{party}-postgres"]
        assert networks(database) == {party: {"database"}}
        assert whole["networks"][party]["internal"]
        reached = {name for name, service in services.items() if party in service["networks"]}
        assert {services[name]["image"] for name in reached} == {node["image"], database["image"]}
        assert set(node["networks"]) - {"validators"} == {party, f"{party}-front"}
        front = {name for name, service in services.items() if f"{party}-front" in service["networks"]}
        assert len(front) == 3
        assert front > {"proxy", "prometheus"}
        assert networks(node)[f"{party}-front"] >= {party}
        assert [one["source"] for one in node["volumes"] if one["type"] == "volume"] == [party]
        assert node["depends_on"][f"{party}-postgres"]["condition"] == "service_healthy"
    used = [one["source"] for service in services.values() for one in service.get("volumes", ())
            if one["type"] == "volume"]  # fmt: skip
    assert len(used) == len(set(used))
    assert set(used) == set(whole["volumes"])


def test_nodes_reach_each_other_by_the_proxy_alone(services: dict[str, Any], nodes: dict[str, Any]) -> None:
    urls = {f"{party}.hanse.example" for party in PARTIES}
    proxy = networks(services["proxy"])
    assert {name for name, known in proxy.items() if known >= urls} == {f"{p}-front" for p in PARTIES}
    shared = {
        (one, other)
        for one in PARTIES
        for other in PARTIES
        if one < other and set(nodes[one]["networks"]) & set(nodes[other]["networks"]) - {"validators"}
    }
    assert not shared


def test_secrets_are_files_of_one_party_each_and_nowhere_in_the_environment(
    whole: dict[str, Any], services: dict[str, Any], nodes: dict[str, Any]
) -> None:
    for party, node in nodes.items():
        given = {one["target"]: one["source"] for one in node["secrets"]}
        assert set(given) == NODE_SECRETS
        assert {Path(whole["secrets"][source]["file"]).parent.name for source in given.values()} == {party}
    users = [one["source"] for service in services.values() for one in service.get("secrets", ())]
    assert len(users) == len(set(users))
    assert all(set(secret) == {"name", "file"} for secret in whole["secrets"].values())
    for service in services.values():
        for name, value in (service.get("environment") or {}).items():
            assert not SECRET_WORDS.search(name) or value.startswith("/run/secrets/"), name
            assert not re.search(r"://[^/@\s]*:[^/@\s]*@", value), name


def test_every_service_is_held_in_bounds_and_started_again(
    services: dict[str, Any], nodes: dict[str, Any]
) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["init"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["restart"] in {"always", "unless-stopped"}, name
        assert service["stop_grace_period"] == "1m0s", name
        assert re.fullmatch(r"[a-z/]+:v?[0-9]+\.[0-9]+[.0-9]*(-[a-z]+)?", service["image"]), name
    for node in nodes.values():
        assert (node["user"], node["restart"]) == (NODE_USER, "always")
        assert not node.get("cap_add")


def test_every_service_has_a_health_check(services: dict[str, Any], nodes: dict[str, Any]) -> None:
    # A node's is the image's.
    assert re.search(r"^HEALTHCHECK .*\n +CMD \[", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    ours = {node["image"] for node in nodes.values()}
    without = {service["image"] for service in services.values() if "healthcheck" not in service}
    assert without == ours


def test_what_is_mounted_from_the_clone_is_there(services: dict[str, Any]) -> None:
    made_by_people = {ROOT / "tls", ROOT / "tls" / "trusted"}
    mounted = {Path(one["source"]) for service in services.values() for one in service.get("volumes", ())
               if one["type"] == "bind"}  # fmt: skip
    assert mounted > made_by_people
    assert all(path.exists() for path in mounted - made_by_people)


def test_settings_of_the_host_reach_what_they_are_for() -> None:
    host = {
        "HANSE_DOMAIN": "steel.example",
        "HANSE_CA_FILE": "/etc/hanse/trusted/ca.pem",
        "HANSE_WEB_WORKERS": "2",
        "HANSE_VERSION": "9.9.9",
        "HANSE_SECRETS": "/elsewhere",
        "HANSE_TLS": "files",
    }
    whole = project("solo", host)
    alder, proxy = whole["services"]["alder"], whole["services"]["proxy"]
    assert alder["image"] == "hanse:9.9.9"
    assert alder["environment"]["HANSE_NODE_WEB_WORKERS"] == "2"
    assert alder["environment"]["SSL_CERT_FILE"] == "/etc/hanse/trusted/ca.pem"
    assert whole["secrets"]["alder-passphrase"]["file"] == "/elsewhere/alder/passphrase"
    assert (proxy["environment"]["HANSE_DOMAIN"], proxy["environment"]["HANSE_TLS"]) == (
        "steel.example",
        "files",
    )
    assert "alder.steel.example" in networks(proxy)["desk-front"]
    named = {line.split("=")[0].lstrip("#") for line in (ROOT / "deploy/env.example").read_text().splitlines()
             if re.match(r"#?HANSE_\w+=", line)}  # fmt: skip
    asked = set(re.findall(r"\$\{(HANSE_\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert named == asked - {"HANSE_SECRETS"}


def test_images_of_others_are_pinned_by_their_digests_as_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text()
    (lines,) = re.findall(
        r"^(databases=.*\n.* --lock-image-digests .*) > docker-compose\.digests\.yml$", page, re.MULTILINE
    )
    with engine(tmp_path) as address:
        ended = typed(lines, DOCKER_HOST=address)
        # Ours is in no registry: asked for everything, Compose gives up.
        whole = compose("--profile", "cometbft", "config", "--lock-image-digests", DOCKER_HOST=address)
    assert ended.returncode == 0, ended.stderr
    pinned = dict(re.findall(r"^  ([\w-]+):\n    image: \S+@(\S+)$", ended.stdout, re.MULTILINE))
    assert set(pinned) == {f"{party}-postgres" for party in PARTIES} | set(AROUND)
    assert set(pinned.values()) == {DIGEST}
    assert whole.returncode != 0


def test_the_image_is_built_by_one_service_alone() -> None:
    ended = compose("--profile", "*", "config", "--format", "json")
    everything = json.loads(ended.stdout)["services"]
    assert {name for name, service in everything.items() if "build" in service} == {"image"}

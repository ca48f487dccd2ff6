"""Scenes to attack, each a copy of one that was set up once."""

from pathlib import Path

import pytest
from support_attacks import Scene


@pytest.fixture(scope="session")
def begun_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A consortium whose stewards are ready for the first report."""
    folder = tmp_path_factory.mktemp("begun") / "consortium"
    Scene.founded(folder).close()
    return folder


@pytest.fixture(scope="session")
def closed_folder(begun_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A consortium that has reported and closed its first month."""
    scene = Scene.copied(begun_folder, tmp_path_factory.mktemp("closed") / "consortium")
    scene.report()
    scene.work()
    assert scene.report() == [True] * 4
    scene.close_month()
    scene.close()
    return scene.folder


@pytest.fixture
def scene(begun_folder: Path, tmp_path: Path) -> Scene:
    return Scene.copied(begun_folder, tmp_path / "consortium")


@pytest.fixture
def closed_scene(closed_folder: Path, tmp_path: Path) -> Scene:
    scene = Scene.copied(closed_folder, tmp_path / "consortium")
    scene.clock.after(scene.state.log_month)
    return scene

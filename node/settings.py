"""What one party's node is run with: a TOML file, and `HANSE_NODE_...` in the environment above it."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from node.errors import SettingsError

Listen = Annotated[str, Field(pattern=r"^[^\s/]+:[0-9]{1,5}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
_DEFAULT_INTERVAL_S: Final = 30.0
_PATHS: Final = ("consortium", "genesis", "folder", "passphrase_file")


class NodeSettings(BaseSettings):
    """One party's node. Relative paths are below the file's folder."""

    model_config = SettingsConfigDict(env_prefix="HANSE_NODE_", extra="forbid", frozen=True)

    party: str
    consortium: Path
    """The consortium document that this party trusts."""
    genesis: Path
    """The statement that founded it."""
    folder: Path
    """Where the party's keys and databases are."""
    passphrase_file: Path | None = None
    """What opens the key file; HANSE_PASSPHRASE or the terminal without it."""
    listen: Listen
    url: HttpUrl | None = None
    """Where others reach this node, as they sign it; the document's URL without it."""
    peers: dict[str, HttpUrl] = Field(default_factory=dict)
    """Other nodes' URLs where they are not the document's."""
    work_interval_s: float = Field(default=_DEFAULT_INTERVAL_S, gt=0, le=86_400)
    """How often the node does by itself what is due."""
    api_keys: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """SHA-256 of the keys of the party's own people and systems, in hex. Two are live while one replaces
    the other."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment stand above the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def load_settings(path: Path) -> NodeSettings:
    """Read a configuration file; raises SettingsError that names the field."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        settings = NodeSettings(**content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("the file is not TOML in UTF-8") from error
    except ValidationError as error:
        fields = sorted({".".join(map(str, item["loc"])) for item in error.errors()})
        raise SettingsError(f"check these fields: {', '.join(fields)}") from error
    base = path.parent
    named = {name: getattr(settings, name) for name in _PATHS}
    return settings.model_copy(update={name: base / path for name, path in named.items() if path is not None})

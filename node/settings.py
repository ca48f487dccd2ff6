"""What one party's node is run with: a TOML file, and `HANSE_NODE_...` in the environment above it."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node.errors import SettingsError
from node.risk.delivery.settings import DeliverySettings, MailSettings, Webhooks
from node.storage.engines import Place, Schema
from node.wrong_fields import refused

Listen = Annotated[str, Field(pattern=r"^[^\s/]+:[0-9]{1,5}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
Engine: TypeAlias = Literal["solo", "cometbft"]
DatabaseName: TypeAlias = Literal["node", "sequencer"]
"""The sequencer's is apart from its party's own node, which follows it like everybody else."""
_DEFAULT_INTERVAL_S: Final = 30.0
_DEFAULT_PATIENCE_S: Final = 300.0
_PATHS: Final = ("consortium", "genesis", "folder", "passphrase_file")


class ForeignWitnessSettings(BaseModel):
    """A cosigner of another network, by C2SP tlog-witness."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vkey: str
    url: HttpUrl
    """What `/add-checkpoint` is put behind."""


class CometSettings(BaseModel):
    """The CometBFT process beside a node whose party agrees on the order. Relative paths as the node's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Path("cometbft")
    """CometBFT's own folder, as `hanse node init-cometbft` writes it."""
    listen: Listen
    """Where it listens for the other validators."""
    metrics: Listen | None = None
    """Where it serves its own Prometheus metrics; nowhere without it."""


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
    watch_interval_s: float = Field(default=_DEFAULT_INTERVAL_S, gt=0, le=86_400)
    """How often the node asks each other one which checkpoint it holds."""
    database: SecretStr | None = None
    """`postgresql://user@host/name` as SQLAlchemy reads it: a PostgreSQL database of this node's own. Without
    it the databases are SQLite files in the folder."""
    engine: Engine = "solo"
    """How the consortium orders its log, the same at every node: one party does, or those of the document's
    `ordering` agree."""
    cometbft: CometSettings | None = None
    """Where the parties agree and this is one of them."""
    orderer: str | None = None
    """Who orders the log; the first party of the document's `ordering` without it."""
    orderer_since: int = Field(default=0, ge=0)
    """The size from which on that party orders, as `hanse log take-over` says it."""
    stall_after_s: float = Field(default=_DEFAULT_PATIENCE_S, gt=0, le=86_400)
    """How long whoever orders may be silent, or pass over a statement, before it counts as stalled."""
    web_workers: int = Field(default=0, ge=0, le=64)
    """Processes that answer HTTP; with 0 the node's own does."""
    witnesses: tuple[ForeignWitnessSettings, ...] = ()
    """Cosigners that are no party's, asked by the node that orders."""
    witnessed_logs: tuple[str, ...] = ()
    """vkeys of other logs whose checkpoints this node cosigns; the origin is the key's name."""
    api_keys: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """SHA-256 in hex of API keys with every scope; `hanse keys api` makes all others."""
    docs: bool = True
    """Whether `/docs` and `/openapi.json` are served."""
    open_metrics: bool = False
    """Whether `/metrics` is served to anybody; with an API key it always is."""
    rate_per_key: float = Field(default=100, gt=0)
    """Requests a second that an API key may make for long; ten times as many at once. Of each process."""
    rate_per_party: float = Field(default=500, gt=0)
    rate_per_address: float = Field(default=2_000, gt=0)
    """The same for what anybody may ask, by the address that it comes from."""
    log_format: Literal["text", "json"] = "text"
    mail: MailSettings | None = None
    """The firm's mail server, and who gets e-mails of alerts and emergency plans."""
    webhooks: Webhooks = ()
    """The firm's systems that are told of them over HTTPS."""

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

    @field_validator("database")
    @classmethod
    def _is_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                kind = make_url(url.get_secret_value()).get_backend_name()
            except (ArgumentError, ValueError):
                kind = ""
            if kind != "postgresql":
                raise ValueError("not the URL of a PostgreSQL database")
        return url

    def place(self, name: DatabaseName) -> Place:
        """Where one of this node's databases is: a file in the folder, or a schema of the database."""
        if self.database is None:
            return self.folder / f"{name}.sqlite"
        return Schema(url=make_url(self.database.get_secret_value()), name=name)

    @property
    def delivery(self) -> DeliverySettings:
        """The ways out for alerts and emergency plans."""
        return DeliverySettings(mail=self.mail, webhooks=self.webhooks)

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
        raise refused(error) from error
    base = path.parent
    named = {name: getattr(settings, name) for name in _PATHS}
    paths = {name: base / path for name, path in named.items() if path is not None}
    delivery = settings.delivery.below(base)
    updated = {**paths, "mail": delivery.mail, "webhooks": delivery.webhooks}
    if settings.cometbft is not None:
        # Its configuration names it to another program, which has a working folder of its own.
        home = (base / settings.cometbft.home).absolute()
        updated["cometbft"] = settings.cometbft.model_copy(update={"home": home})
    return settings.model_copy(update=updated)


def url_of(consortium: Consortium, party: PartyId, settings: NodeSettings) -> str:
    """Return where a party's node is, as its callers sign it: one's own setting first."""
    own = settings.url if party == settings.party else settings.peers.get(party)
    url = own or consortium.parties[party].url
    if not url:
        raise SettingsError(f"peers.{party}: neither a setting nor the consortium document has its URL")
    return url

"""Where notices go: the operator says it in the node's settings, nobody over HTTP.

So no API key can make the node call addresses of its own choice, and a secret is in a file of its owner's
alone, named here and never stored in the database.
"""

from email.errors import MessageError
from email.headerregistry import Address
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from consortium_config.texts import Language
from node.risk.policy.watching import Severity

_HERE: Final = "localhost"
_CONFIG: Final = ConfigDict(extra="forbid", frozen=True)

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
HostPort: TypeAlias = Annotated[str, Field(pattern=r"^[^\s/@]+:[0-9]{1,5}$")]


def _is_address(text: str) -> str:
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError("not an e-mail address") from error
    if not (address.username and address.domain and text.isascii() and text.isprintable()):
        raise ValueError("not an e-mail address")
    return text


class Recipient(BaseModel):
    """One person or mailbox that gets e-mails, each by itself."""

    model_config = _CONFIG

    name: Name
    address: str
    language: Language = "en"
    least: Severity = "medium"
    """The least grave alerts that are mailed."""

    _address = field_validator("address")(_is_address)


class MailSettings(BaseModel):
    """The firm's mail server, and who gets mail."""

    model_config = _CONFIG

    server: HostPort
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` from the first byte (port 465), or after STARTTLS; `none` only on the node's own machine."""
    sender: str
    login: str | None = None
    password_file: Path | None = None
    """Readable by its owner alone."""
    ca_file: Path | None = None
    """Whom to trust for the server's certificate, in the place of the usual roots."""
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=100)]

    _sender = field_validator("sender")(_is_address)

    @property
    def host(self) -> str:
        """The server's name."""
        return self.server.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The server's port."""
        return int(self.server.rpartition(":")[2])

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (self.login is None) != (self.password_file is None):
            raise ValueError("login and password_file go together")
        if self.security == "none" and not (_is_here(self.host) and self.login is None):
            raise ValueError("without TLS only to the node's own machine, and without a login")
        _check_distinct([one.name for one in self.recipients])
        return self

    def below(self, folder: Path) -> Self:
        """Return the settings with their files below a folder."""
        return self.model_copy(
            update={name: _below(folder, getattr(self, name)) for name in ("password_file", "ca_file")}
        )


class WebhookSettings(BaseModel):
    """One of the firm's own systems that is told over HTTPS."""

    model_config = _CONFIG

    name: Name
    url: str
    secret_file: Path
    """Readable by its owner alone; one secret a line, `whsec_` and base64, the newest first."""
    private: bool = False
    """Whether the address may be one of a private network or of this machine, and the URL plain http."""
    ca_file: Path | None = None
    least: Severity = "low"

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        if not _is_plain(url):
            raise ValueError("not https://host/path")
        return url

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if urlsplit(self.url).scheme == "http" and not self.private:
            raise ValueError("url: plain http only with private = true")
        return self

    def below(self, folder: Path) -> Self:
        """Return the settings with their files below a folder."""
        return self.model_copy(
            update={name: _below(folder, getattr(self, name)) for name in ("secret_file", "ca_file")}
        )


def _are_distinct(webhooks: tuple[WebhookSettings, ...]) -> tuple[WebhookSettings, ...]:
    _check_distinct([one.name for one in webhooks])
    return webhooks


Webhooks: TypeAlias = Annotated[
    tuple[WebhookSettings, ...], Field(max_length=100), AfterValidator(_are_distinct)
]


class DeliverySettings(BaseModel):
    """All ways out."""

    model_config = _CONFIG

    mail: MailSettings | None = None
    webhooks: Webhooks = ()

    def below(self, folder: Path) -> Self:
        """Return the settings with their files below a folder."""
        mail = None if self.mail is None else self.mail.below(folder)
        return self.model_copy(
            update={"mail": mail, "webhooks": tuple(one.below(folder) for one in self.webhooks)}
        )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _HERE


def _is_plain(url: str) -> bool:
    """Return whether it is an http(s) URL of a host, with a port that there is, and no login or fragment."""
    try:
        parts = urlsplit(url)
        is_port = parts.port != 0
    except ValueError:
        return False
    is_host = bool(parts.hostname) and parts.username is None
    return parts.scheme in ("https", "http") and is_host and is_port and not parts.fragment


def _check_distinct(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError("a name is given twice")


def _below(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path

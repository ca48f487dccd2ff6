"""What the commands of monitoring share: where notices go where an embedded consortium has no settings."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import ValidationError

from node.clocks import SystemClock
from node.commands.options import file_option
from node.errors import SettingsError
from node.own.service import OwnService
from node.risk.delivery.channels import channels_of
from node.risk.delivery.courier import run_dry
from node.risk.delivery.settings import DeliverySettings
from node.texts import mark
from node.wrong_fields import refused

Out: TypeAlias = Annotated[
    Path | None,
    file_option(
        mark("A file with [mail] and [[webhooks]] as in a node's settings; nothing goes out without it."),
        "--delivery",
    ),
]


@contextmanager
def told(own: OwnService, file: Path | None) -> Iterator[None]:
    """Tell, by the channels of a file, what the block leaves to be told; what fails is tried at the next."""
    if file is None:
        yield
        return
    with ExitStack() as opened:
        channels = channels_of(_settings(file), own.customers.names_of, opened)
        # Before the block: a new channel begins with what is told from now on.
        couriers = own.couriers(channels, SystemClock())
        yield
        run_dry(couriers)


def _settings(file: Path) -> DeliverySettings:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
        return DeliverySettings.model_validate(content).below(file.parent)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("the file is not TOML in UTF-8") from error
    except ValidationError as error:
        raise refused(error) from error

"""The threads that deliver while a node runs: one a channel, so that a slow one holds up no other."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from hanse_ledger.errors import LedgerError
from node.own.service import OwnService
from node.periodic import PeriodicTask
from node.risk.delivery.channels import channels_of
from node.risk.delivery.courier import Courier
from node.risk.delivery.settings import DeliverySettings

_log = logging.getLogger(__name__)

_LOOK_S: Final = 5.0
"""How often is looked whether there is something to tell."""


class Couriers:
    """Works off every channel until it is stopped."""

    def __init__(self, couriers: Sequence[Courier], look_s: float = _LOOK_S) -> None:
        self._tasks = [
            PeriodicTask(partial(_step, courier), name="deliveries", interval_s=look_s)
            for courier in couriers
        ]
        for task in self._tasks:
            task.start()

    def stop(self) -> None:
        """Wait for the attempts that are being made, and make no more."""
        for task in self._tasks:
            task.end()
        for task in self._tasks:
            task.stop()


def _step(courier: Courier) -> float | None:
    """Return after how many seconds the channel's next attempt is due."""
    try:
        return courier.step()
    except LedgerError as error:
        _log.warning("deliveries did not go on: %s", error.code)
        return None


def start_couriers(settings: DeliverySettings, own: OwnService, opened: ExitStack) -> None:
    """Start telling the firm's own people and systems; what stops it is left with `opened`.

    Raises SettingsError that names the field whose file cannot be used.
    """
    channels = channels_of(settings, own.customers.names_of, opened)
    opened.callback(Couriers(own.couriers(channels)).stop)

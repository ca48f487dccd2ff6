"""What the threads of a party's node tell each other."""

from hanse_ledger.consortium import Consortium
from node.health import HealthBoard


class Shared:
    """Immutable values, each written by one thread."""

    def __init__(self, consortium: Consortium) -> None:
        self.in_force = consortium
        self.cosigned: bytes | None = None
        self.health = HealthBoard()

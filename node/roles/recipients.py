"""The sealing keys of those that a member seals to: every active steward, for the log month."""

from collections.abc import Mapping

from hanse_ledger.errors import LedgerError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.ids import Month, StewardX, quarter_of
from node.ports import StewardLinks
from node.roles.evidence import keep_evidence
from node.roles.gathering import arriving
from node.roles.messages import read_sealing_key
from node.roles.party import Standing
from node.wire import reply_of


class Recipients:
    """One member's way to the stewards' sealing keys."""

    def __init__(self, *, standing: Standing, links: StewardLinks) -> None:
        self._standing, self._links = standing, links
        self._known: dict[StewardX, tuple[Month, bytes]] = {}

    def keys(self) -> dict[StewardX, bytes]:
        """Ask every active steward for its key; raises UnavailableError where one is missing."""
        month = self._standing.state.log_month
        asked = {x: link.ask("sealing-keys", b"") for x, link in self._links().items()}
        return self._all({x: self._key_for(x, reply_of(future), month) for x, future in arriving(asked)})

    def keys_known(self) -> dict[StewardX, bytes]:
        """Do as `keys` does, with the key that a silent steward gave in this quarter.

        For what goes by the log: one that has lost the key has it from others (section 8).
        """
        month = self._standing.state.log_month
        asked = {x: link.ask("sealing-keys", b"") for x, link in self._links().items()}
        for x, future in arriving(asked):
            try:
                self._known[x] = quarter_of(month), self._key_for(x, reply_of(future), month)
            except LedgerError:
                continue
        stewards = self._standing.in_force.stewards
        return self._all(
            {
                x: key
                for x, (quarter, key) in self._known.items()
                if quarter == quarter_of(month) and x in stewards
            }
        )

    def _all(self, keys: Mapping[StewardX, bytes]) -> dict[StewardX, bytes]:
        if set(keys) != set(self._standing.in_force.stewards):
            raise UnavailableError("a sealing key of every active steward is needed")
        return dict(keys)

    def _key_for(self, x: StewardX, reply: bytes, month: Month) -> bytes:
        consortium = self._standing.in_force
        steward = consortium.stewards[x]
        try:
            return read_sealing_key(reply, consortium=consortium, steward=steward, month=month)
        except (RejectedError, VerificationError) as error:
            keep_evidence(self._standing.database, kind="sealing-key", party=steward.id, content=reply)
            raise UnavailableError("a steward's sealing key does not hold") from error

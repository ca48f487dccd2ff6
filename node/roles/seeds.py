"""The stewards' pairwise-blind seeds (protocol section 10), exchanged without anyone waiting for anyone.

For every quarter of log months, set X and y in X the lowest of the others draws seed_y and seals it to the
rest of them. A holder uses it only when all holders have signed the same hash. `work` sends what others still
lack; the handlers store before they acknowledge, so every message may come again.
"""

from concurrent.futures import Future
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, select

from hanse_ledger.errors import LedgerError, RejectedError, VerificationError
from hanse_ledger.ids import Month, StewardX, quarter_of
from hanse_ledger.privacy.sealing import seal, seed_info
from hanse_ledger.privacy.validity import seed_hash
from hanse_ledger.signing import key_id_of
from node.ports import StewardLinks, StewardVerb
from node.roles.evidence import keep_evidence
from node.roles.messages import SeedPlace, read_sealing_key, read_seed, read_seed_hash, renewed
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.storage.schema import seed as seed_table
from node.storage.schema import seed_hash as hash_table

SEED_BYTES: Final = 32


class Seeds:
    """One steward's seeds."""

    def __init__(self, *, standing: Standing, x: StewardX, keys: SealingKeys, links: StewardLinks) -> None:
        self._standing, self._x, self._keys, self._links = standing, x, keys, links
        self._asked: dict[tuple[StewardX, Month], Future[bytes]] = {}
        self._told: dict[tuple[StewardX, bytes], Future[bytes]] = {}
        self._usable: dict[tuple[tuple[StewardX, ...], Month], dict[StewardX, bytes]] = {}
        # Sets and quarters in which there is nothing left to draw or to tell.
        self._settled: set[tuple[tuple[StewardX, ...], Month]] = set()

    def usable(self, stewards: tuple[StewardX, ...], log_month: Month) -> dict[StewardX, bytes] | None:
        """Return seed_y for every other y of X, or None while a holder has not said the same."""
        key = (stewards, quarter_of(log_month))
        if key not in self._usable:
            places = [SeedPlace(stewards=stewards, y=y, quarter=key[1]) for y in stewards if y != self._x]
            seeds = {place.y: self._agreed(place) for place in places}
            found = {y: seed for y, seed in seeds.items() if seed is not None}
            if len(found) < len(places):
                return None
            self._usable[key] = found
        return self._usable[key]

    def work(self, stewards: tuple[StewardX, ...], log_month: Month) -> None:
        """Draw what is this steward's to draw, and tell the others what they have not acknowledged yet."""
        quarter = quarter_of(log_month)
        if self._x not in stewards or (stewards, quarter) in self._settled:
            return
        # That this steward can use its seeds does not say that the others have its word on them.
        is_usable = self.usable(stewards, log_month) is not None
        for y in stewards:
            place = SeedPlace(stewards=stewards, y=y, quarter=quarter)
            if y == self._x:
                continue
            if place.drawer == self._x:
                self._draw_and_send(place)
            self._confirm(place)
        if is_usable and not self._untold():
            self._settled.add((stewards, quarter))

    def take_seed(self, drawer_x: StewardX, raw: bytes) -> None:
        """Take a seed that another steward drew; raises LedgerError for one that does not hold."""
        consortium = self._standing.in_force
        drawer = consortium.stewards[drawer_x]
        message = read_seed(raw, consortium=consortium, drawer=drawer)
        place = message.place
        sealed = {x: (key_id, content) for x, key_id, content in message.sealed}
        if self._x not in sealed:
            raise RejectedError("the seed is not for this steward")
        key = self._keys.private(sealed[self._x][0])
        if key is None:
            raise RejectedError("sealed to a key that this steward does not have")
        info = seed_info(
            self._standing.consortium.id,
            stewards=place.stewards,
            y=place.y,
            receiver=self._x,
            quarter=place.quarter,
        )
        seed = key.open(info=info, sealed=sealed[self._x][1])
        if len(seed) != SEED_BYTES or seed_hash(seed) != message.hash:
            keep_evidence(self._standing.database, kind="seed", party=drawer.id, content=raw)
            raise VerificationError("the seed does not have the hash that was signed")
        known = self._stored(place)
        if known is None:
            self._store(place, seed, message=None)
        elif known != seed:
            keep_evidence(self._standing.database, kind="seed", party=drawer.id, content=raw)
            raise VerificationError("another seed for the same place")

    def take_hash(self, holder_x: StewardX, raw: bytes) -> None:
        """Take another holder's word on a seed's hash; the first one stands."""
        consortium = self._standing.in_force
        place, said = read_seed_hash(raw, consortium=consortium, holder=consortium.stewards[holder_x])
        values = {**_columns(place), "x": holder_x, "hash": said}
        if self._said(place).get(holder_x) is None:
            with self._standing.database.write() as connection:
                connection.execute(hash_table.insert(), values)

    def forget(self, before: Month) -> None:
        """Destroy the seeds of quarters before that of a log month; their entries have their results."""
        quarter = quarter_of(before)
        with self._standing.database.read() as connection:
            stale = connection.execute(
                select(seed_table.c.y).where(seed_table.c.quarter < quarter).limit(1)
            ).scalar()
        if stale is None:
            return
        with self._standing.database.write() as connection:
            connection.execute(seed_table.delete().where(seed_table.c.quarter < quarter))
            connection.execute(hash_table.delete().where(hash_table.c.quarter < quarter))
        self._usable = {key: seeds for key, seeds in self._usable.items() if key[1] >= quarter}
        self._standing.database.forget()

    def _agreed(self, place: SeedPlace) -> bytes | None:
        seed = self._stored(place)
        if seed is None:
            return None
        said = self._said(place)
        # The drawer's word is its signed message, which `take_seed` has compared.
        others = [x for x in place.holders if x not in (self._x, place.drawer)]
        if any(said.get(x) is None for x in others):
            return None
        return seed if all(said[x] == seed_hash(seed) for x in others) else None

    def _untold(self) -> bool:
        return any(not future.done() or future.exception() is not None for future in self._told.values())

    def _draw_and_send(self, place: SeedPlace) -> None:
        if self._stored(place) is None and not self._draw(place):
            return
        where = _where(seed_table, place)
        with self._standing.database.read() as connection:
            stored = connection.execute(select(seed_table.c.message).where(where)).scalar_one()
        message = renewed(stored, self._standing)
        said = self._said(place)
        for x in place.holders[1:]:
            if x not in said:
                self._tell(x, "seed", message)

    def _draw(self, place: SeedPlace) -> bool:
        """Draw, seal and store a seed once every receiver's key is known; return whether it is stored."""
        keys = {x: self._key_of(x) for x in place.holders[1:]}
        if any(key is None for key in keys.values()):
            return False
        seed = self._standing.entropy(SEED_BYTES)
        parts = []
        for x, key in keys.items():
            info = seed_info(
                self._standing.consortium.id,
                stewards=place.stewards,
                y=place.y,
                receiver=x,
                quarter=place.quarter,
            )
            if key is not None:
                parts.append([x, key_id_of(key), seal(public_key=key, info=info, plaintext=seed)])
        self._store(
            place,
            seed,
            message=self._standing.sign_message("seed", [*place.fields(), seed_hash(seed), parts]),
        )
        return True

    def _confirm(self, place: SeedPlace) -> None:
        """Tell the other holders which seed this steward holds; the drawer's message says it already."""
        seed = self._stored(place)
        if seed is None or place.drawer == self._x:
            return
        message = self._standing.sign_message("seed-hash", [*place.fields(), seed_hash(seed)])
        for x in place.holders:
            if x != self._x:
                self._tell(x, "seed-hash", message)

    def _tell(self, x: StewardX, verb: StewardVerb, message: bytes) -> None:
        """Send once, and again after a failure, without waiting for the reply."""
        key, link = (x, message), self._links().get(x)
        sent = self._told.get(key)
        if link is not None and (sent is None or (sent.done() and sent.exception() is not None)):
            self._told[key] = link.ask(verb, message)

    def _key_of(self, x: StewardX) -> bytes | None:
        """Return a steward's sealing key when its reply has come; ask for it otherwise."""
        month = self._standing.state.log_month
        link = self._links().get(x)
        if link is None:
            return None
        asked = self._asked.get((x, month))
        if asked is None:
            asked = self._asked[(x, month)] = link.ask("sealing-keys", b"")
        if not asked.done():
            return None
        consortium = self._standing.in_force
        try:
            reply = asked.result()
            return read_sealing_key(reply, consortium=consortium, steward=consortium.stewards[x], month=month)
        except LedgerError:
            del self._asked[(x, month)]
            return None

    def _stored(self, place: SeedPlace) -> bytes | None:
        with self._standing.database.read() as connection:
            return connection.execute(select(seed_table.c.seed).where(_where(seed_table, place))).scalar()

    def _said(self, place: SeedPlace) -> dict[StewardX, bytes]:
        query = select(hash_table.c.x, hash_table.c.hash).where(_where(hash_table, place))
        with self._standing.database.read() as connection:
            return {StewardX(row.x): row.hash for row in connection.execute(query)}

    def _store(self, place: SeedPlace, seed: bytes, *, message: bytes | None) -> None:
        with self._standing.database.write() as connection:
            values = {**_columns(place), "seed": seed, "message": message}
            connection.execute(seed_table.insert(), values)


def _columns(place: SeedPlace) -> dict[str, object]:
    return {"stewards": bytes(place.stewards), "y": place.y, "quarter": place.quarter}


def _where(table: Table, place: SeedPlace) -> ColumnElement[bool]:
    stewards = table.c.stewards == bytes(place.stewards)
    return and_(stewards, table.c.y == place.y, table.c.quarter == place.quarter)

"""The token key, made by all stewards together over the mail folder (`privacy.dkg`, docs/adr/0010).

Each call of `take_part` sends every message that this steward can send by now. Its own messages and those it
has taken from others are kept in its home before anything follows from them, so a call that was interrupted,
or is made again, gives the same bytes, and a steward that sends two different ones is found out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from consortium_config.draft_file import Draft
from hanse_ledger.errors import DocumentError, KeyGenerationError, LedgerError, RejectedError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy import dkg
from hanse_ledger.privacy.dkg_messages import (
    Messages,
    Round,
    Transcript,
    judge,
    read_commits,
    read_deals,
    verify_equivocation,
    verify_transcript,
)
from hanse_ledger.privacy.voprf import public_share
from node.errors import FoundingError
from node.founding.home import OpenHome
from node.founding.letters import DRAFT, GENESIS, Kind, Letters, message_name

ROUNDS: Final[tuple[Kind, ...]] = ("commit", "deal", "confirm")
_NAMES: Final[dict[Kind, Round]] = {"commit": "dkg-commit", "deal": "dkg-deal", "confirm": "dkg-confirm"}
_COMPARE: Final = frozenset({"message", "roster", "session", "transcript"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPart:
    """What a call has sent, and whose messages are awaited; done where none are."""

    sent: tuple[str, ...]
    awaited: tuple[tuple[PartyId, str], ...]

    @property
    def is_done(self) -> bool:
        """Whether this steward has its share of the key."""
        return not self.awaited


def take_part(opened: OpenHome, mail: Letters, draft: Draft) -> TakenPart:
    """Send what this steward can send by now, and store its share of the key when all is there.

    Raises FoundingError for a message that does not hold, naming who sent it, and where the run is over.
    """
    x = next((x for x, party in draft.stewards.items() if party == opened.party), None)
    if x is None:
        raise FoundingError("only stewards make the token key", party=opened.party, field="roles")
    return _Part(opened, mail, draft, x).advance()


def read_round(mail: Letters, draft: Draft, kind: Kind) -> tuple[Messages, tuple[tuple[PartyId, str], ...]]:
    """Return the messages of a round that are there, by x, and who owes which file."""
    names = {x: message_name(party, kind, draft.run) for x, party in draft.stewards.items()}
    found = {x: mail.read(name) for x, name in names.items()}
    missing = tuple((draft.stewards[x], names[x]) for x, raw in found.items() if raw is None)
    return {x: raw for x, raw in found.items() if raw is not None}, missing


def verified_transcript(mail: Letters, draft: Draft) -> Transcript:
    """Return what the stewards have made, checked as far as everybody can; raises FoundingError."""
    commits, deals, confirms = (_all_of(mail, draft, kind) for kind in ROUNDS)
    check_complaints(mail, draft, commits)
    with _naming(draft, "commit"):
        session = read_commits(draft.roster, commits)
    with _naming(draft, "deal"):
        read_deals(session, deals)
    with _naming(draft, "confirm"):
        return verify_transcript(draft.roster, commits, deals, confirms)


def check_complaints(mail: Letters, draft: Draft, commits: Messages) -> None:
    """Raise FoundingError where a steward has complained: the run is over, and somebody is guilty."""
    complaints, _ = read_round(mail, draft, "complaint")
    for by, complaint in complaints.items():
        with _naming(draft, "complaint"):
            guilty = judge(draft.roster, commits, by=by, complaint=complaint)
        raise _over(draft, guilty, by)


@dataclass(frozen=True, slots=True)
class _Part:
    """One steward in one run."""

    opened: OpenHome
    mail: Letters
    draft: Draft
    x: StewardX

    def advance(self) -> TakenPart:
        sent = self._send("commit", lambda: dkg.commit(self._participant()))
        commits, missing = read_round(self.mail, self.draft, "commit")
        if missing:
            return TakenPart(sent=sent, awaited=missing)
        self._compare("commit", commits)
        with _naming(self.draft, "commit"):
            session = read_commits(self.draft.roster, commits)
        self._keep("commit", commits)
        sent += self._send("deal", lambda: self._deal(commits))
        check_complaints(self.mail, self.draft, commits)
        deals, missing = read_round(self.mail, self.draft, "deal")
        if missing:
            return TakenPart(sent=sent, awaited=missing)
        self._compare("deal", deals)
        with _naming(self.draft, "deal"):
            read_deals(session, deals)
        self._keep("deal", deals)
        sent += self._send("confirm", lambda: self._confirm(commits, deals))
        confirms, missing = read_round(self.mail, self.draft, "confirm")
        if missing:
            return TakenPart(sent=sent, awaited=missing)
        self._finish(commits, deals, confirms)
        return TakenPart(sent=sent, awaited=())

    def _send(self, kind: Kind, make: Callable[[], bytes]) -> tuple[str, ...]:
        name = message_name(self.opened.party, kind, self.draft.run)
        return (name,) if self.opened.send(self.mail, name, make) else ()

    def _participant(self) -> dkg.Participant:
        """Return this steward with its seed, drawn and stored at its first message."""
        secrets = self.opened.secrets
        if secrets.dkg_seed is None:
            self._check_may_begin()
            secrets = replace(secrets, dkg_seed=self.opened.entropy(dkg.SEED_BYTES))
            self.opened.change(secrets)
        return dkg.Participant(
            roster=self.draft.roster,
            x=self.x,
            signing_key=self.opened.keys.statement,
            seed=secrets.dkg_seed or b"",
        )

    def _check_may_begin(self) -> None:
        """Refuse to draw a seed where one was drawn for this run, or for a consortium that is founded."""
        name = message_name(self.opened.party, "commit", self.draft.run)
        if self.opened.home.kept.read(name) is not None:
            raise FoundingError(
                "what the first message was made from is gone from the key file; a run with a higher number "
                "is needed (hanse consortium draft --run)",
                party=self.opened.party,
                field="seed",
            )
        if self.mail.read(GENESIS) is not None or self.opened.home.kept.read(GENESIS) is not None:
            raise FoundingError("the consortium is founded; its token key stays", field="run", file=DRAFT)

    def _deal(self, commits: Messages) -> bytes:
        with _naming(self.draft, "commit"):
            return dkg.deal(self._participant(), commits)

    def _confirm(self, commits: Messages, deals: Messages) -> bytes:
        """Return this steward's word that all holds; where a share does not, complain and end the run."""
        me = self._participant()
        # Who has complained has published what opens its shares: it never confirms.
        complaint = message_name(self.opened.party, "complaint", self.draft.run)
        if (kept := self.opened.home.kept.read(complaint)) is not None:
            self.mail.post(complaint, kept)
            check_complaints(self.mail, self.draft, commits)
        try:
            return dkg.confirm(me, commits, deals)
        except KeyGenerationError as error:
            if error.field != "share":
                raise _named(self.draft, "deal", error) from error
            accused = error.x
        self._send("complaint", lambda: dkg.complain(me, commits, accused, deals[accused]))
        raise _over(self.draft, accused, self.x)

    def _compare(self, kind: Kind, messages: Messages) -> None:
        """Raise FoundingError where a message was taken with other content before."""
        for y in self.draft.roster.others(self.x):
            kept = self.opened.home.kept.read(message_name(self.draft.stewards[y], kind, self.draft.run))
            if kept not in (None, messages[y]):
                raise self._changed(y, kind, kept or b"", messages[y])

    def _keep(self, kind: Kind, messages: Messages) -> None:
        """Keep what others have sent and what holds: in the place of anything else the right one may come."""
        for y in self.draft.roster.others(self.x):
            self.opened.home.kept.post(
                message_name(self.draft.stewards[y], kind, self.draft.run), messages[y]
            )

    def _changed(self, y: StewardX, kind: Kind, kept: bytes, found: bytes) -> FoundingError:
        party = self.draft.stewards[y]
        name = message_name(party, kind, self.draft.run)
        try:
            verify_equivocation(self.draft.roster, y, _NAMES[kind], kept, found)
        except LedgerError:
            reason = (
                "is not what was taken before, and not what the party has signed; ask it for the file again"
            )
        else:
            reason = "the party has signed two different ones; the copy kept at home and this file prove it"
        return FoundingError(reason, party=party, field=kind, file=name)

    def _finish(self, commits: Messages, deals: Messages, confirms: Messages) -> None:
        """Store the share of the key in the place of the seed, once."""
        with _naming(self.draft, "confirm"):
            transcript = verify_transcript(self.draft.roster, commits, deals, confirms)
        secrets = self.opened.secrets
        if (
            secrets.key_share is not None
            and public_share(secrets.key_share) == transcript.public_shares[self.x]
        ):
            return
        with _naming(self.draft, "confirm"):
            share = dkg.finish(self._participant(), commits, deals, confirms)
        self.opened.change(replace(secrets, key_share=share.key_share, dkg_seed=None))


def _all_of(mail: Letters, draft: Draft, kind: Kind) -> Messages:
    messages, missing = read_round(mail, draft, kind)
    for party, name in missing:
        raise FoundingError("is missing", party=party, field=kind, file=name)
    return messages


def _over(draft: Draft, guilty: StewardX, by: StewardX) -> FoundingError:
    return FoundingError(
        f"does not hold, as the complaint of {draft.stewards[by]} proves, and this run is over; the next one "
        f"begins with `hanse consortium draft --run {draft.run + 1}`",
        party=draft.stewards[guilty],
        field="share" if guilty != by else "complaint",
        file=message_name(draft.stewards[by], "complaint", draft.run),
    )


@contextmanager
def _naming(draft: Draft, kind: Kind) -> Iterator[None]:
    """Turn what fails inside into an error that names the party, the field and the file."""
    try:
        yield
    except KeyGenerationError as error:
        raise _named(draft, kind, error) from error
    except (DocumentError, RejectedError) as error:
        raise FoundingError(str(error), field="key generation") from error


def _named(draft: Draft, kind: Kind, error: KeyGenerationError) -> FoundingError:
    party = draft.stewards[error.x]
    hint = "; compare the files: a third may have changed one" if error.field in _COMPARE else ""
    return FoundingError(
        error.reason + hint, party=party, field=error.field, file=message_name(party, kind, draft.run)
    )

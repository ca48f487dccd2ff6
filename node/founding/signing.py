"""The last steps: every party signs the document, and the first that orders begins the log with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_config.draft_file import Draft, document_of
from consortium_config.founding import assemble_genesis, encode_signature, parse_signature, sign_document
from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import DocumentError, RejectedError
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.voprf import public_share
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import NO_PREVIOUS, parse_statement, sign_statement
from node.errors import FoundingError
from node.founding.cards import check_own_card, read_draft
from node.founding.generation import take_part, verified_transcript
from node.founding.home import Home, OpenHome
from node.founding.letters import DOCUMENT, DRAFT, GENESIS, Letters, signature_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The document that a draft and its transcript make, and the number of the run."""

    consortium: Consortium
    draft: Draft


def founding_document(mail: Letters) -> Document:
    """Make the document from the mail folder; raises FoundingError, also where another one stands there."""
    draft = read_draft(mail)
    transcript = verified_transcript(mail, draft)
    try:
        consortium = document_of(draft, transcript.public_shares)
    except DocumentError as error:
        raise FoundingError(error.reason, field=error.field, file=DRAFT) from error
    if mail.read(DOCUMENT) not in (None, consortium.raw):
        raise FoundingError(
            "is not the one that draft and key generation make; remove it if it is an earlier run's",
            field="document",
            file=DOCUMENT,
        )
    return Document(consortium=consortium, draft=draft)


def ready_to_sign(opened: OpenHome, mail: Letters) -> Document:
    """Return the document after this party's own checks; a steward's share of the key is stored by then.

    Raises FoundingError for what this party must not sign.
    """
    draft = read_draft(mail)
    check_own_card(opened, draft)
    if opened.party in draft.stewards.values():
        take_part(opened, mail, draft)
    made = founding_document(mail)
    _check_share(opened, made.consortium)
    return made


def sign(opened: OpenHome, mail: Letters, made: Document) -> None:
    """Send this party's signature, and the document where nobody has yet."""
    consortium, party = made.consortium, opened.party
    opened.home.kept.post(_kept_document(made.draft), consortium.raw)
    mail.post(DOCUMENT, consortium.raw)
    signature = sign_document(consortium, party=party, key=opened.keys.statement)
    raw = encode_signature(consortium, party=party, signature=signature)
    opened.send(mail, signature_name(party, made.draft.run), lambda: raw)


def read_signatures(mail: Letters, made: Document) -> tuple[Mapping[PartyId, bytes], list[PartyId]]:
    """Return the signatures that are there, checked, and who has not signed; raises FoundingError."""
    found, missing = {}, []
    for party in made.consortium.parties:
        name = signature_name(party, made.draft.run)
        raw = mail.read(name)
        if raw is None:
            missing.append(party)
            continue
        try:
            found[party] = parse_signature(raw, made.consortium, party=party)
        except DocumentError as error:
            raise FoundingError(error.reason, party=party, field=error.field, file=name) from error
    return found, missing


def make_genesis(opened: OpenHome, mail: Letters) -> Consortium:
    """Send the statement that begins the log, with everybody's signature; raises FoundingError."""
    made = ready_to_sign(opened, mail)
    consortium, first = made.consortium, made.consortium.ordering[0]
    if opened.party != first:
        raise FoundingError("makes genesis, as the first that orders", party=first, field="ordering")
    signatures, missing = read_signatures(mail, made)
    for party in missing:
        name = signature_name(party, made.draft.run)
        raise FoundingError("is missing", party=party, field="signature", file=name)
    body = assemble_genesis(consortium, signatures)
    opened.send(mail, GENESIS, lambda: _statement(opened, consortium, body))
    check_genesis(opened.home, mail)
    return consortium


def check_genesis(home: Home, mail: Letters) -> Consortium:
    """Check that the log begins with what this party has signed, by acceptance as every node does it.

    Raises FoundingError.
    """
    raw = mail.read(GENESIS)
    if raw is None:
        raise FoundingError("is missing; `hanse consortium genesis` makes it", field="genesis", file=GENESIS)
    try:
        LedgerState().apply(raw)
        genesis = parse_statement(raw).body
    except RejectedError as error:
        raise FoundingError(str(error), field="genesis", file=GENESIS) from error
    made, (_, party) = founding_document(mail), home.owner
    if not isinstance(genesis, Genesis) or genesis.document != made.consortium.raw:
        raise FoundingError("founds another document", field="document", file=GENESIS)
    if home.kept.read(_kept_document(made.draft)) != made.consortium.raw:
        raise FoundingError("is not the one that this party has signed", party=party, field="document")
    return made.consortium


def _check_share(opened: OpenHome, consortium: Consortium) -> None:
    """Section 10: a steward checks k_x G = K_x before it signs."""
    token_key, share = consortium.parties[opened.party].token_key, opened.secrets.key_share
    if token_key is not None and (share is None or public_share(share) != token_key):
        raise FoundingError("is not that of this steward's share", party=opened.party, field="token_key")


def _kept_document(draft: Draft) -> str:
    return f"consortium-{draft.run}.json"


def _statement(opened: OpenHome, consortium: Consortium, body: Genesis) -> bytes:
    return sign_statement(
        key=opened.keys.statement,
        party=opened.party,
        consortium=consortium.id,
        seq=0,
        prev=NO_PREVIOUS,
        body=body,
    )

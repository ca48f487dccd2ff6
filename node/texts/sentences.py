"""What each refusal's code means, for a person. What the code's own message adds stays English."""

from collections.abc import Mapping
from typing import Final

from hanse_ledger.errors import LedgerError
from node.texts.catalogue import mark

SENTENCES: Final[Mapping[str, str]] = {
    "ledger_error": mark("The request was refused."),
    "rejected": mark("The request cannot be taken as it is."),
    "malformed": mark("This is not in the one form that the format allows."),
    "subject_id": mark("A subject id that no register could have given out."),
    "missing_rate": mark("A currency has no rate for the month; nothing was reported."),
    "consortium_document": mark("The consortium document breaks a limit."),
    "not_admitted": mark("The party is not admitted."),
    "not_permitted": mark("The roles of whoever asks do not allow this."),
    "bad_signature": mark("The signature on a statement does not hold."),
    "stale_head": mark("Another writer of this party was faster; run the command again."),
    "rule": mark("The statement breaks a rule of its kind."),
    "budget": mark("The party has asked for as much as the policy allows it for now."),
    "verification": mark("Verification failed: something here is not what it says it is."),
    "disagreement": mark("The stewards' answers do not agree, so there are no figures."),
    "unavailable": mark("Something needed is out of reach for now; try again later."),
    "corruption": mark("Stored state contradicts itself; the node stops and changes nothing more."),
    "file": mark("A file could not be read or written."),
    "checkpoint_conflict": mark("A cosigner has cosigned another size of the log."),
    "not_found": mark("What is asked for is not there."),
    "request_signature": mark("The request is not signed as it must be."),
    "api_key": mark("A live API key of this node's party is needed."),
    "scope": mark("The API key does not allow this."),
    "person_state": mark("The person is in no state for this."),
    "model_extra": mark("Fitting a model needs the extra hanse[model], which is not installed."),
    "expert_state": mark("The assessment is in no state for this."),
    "warning_state": mark("The firm's warning of this subject stands already."),
    "risk_state": mark("The risk is in no state for this."),
    "audit_chain": mark("The audit chain was changed; nothing in it can be relied on from there on."),
    "too_many_keys": mark("Two keys of this name are live; revoke one of them first."),
    "reply_signature": mark("Another node's reply was not signed as it must be, and is not taken."),
    "idempotency_mismatch": mark("The same key came with another request before."),
    "in_flight": mark("The same request is being answered already."),
    "import_state": mark("The import was taken or discarded already."),
    "alert_state": mark("The alert is in no state for this."),
    "plan_state": mark("The emergency plan is in no state for this."),
    "portfolio_state": mark("The portfolio is in no state for this."),
    "pdf_unavailable": mark("This machine cannot make PDFs; `make setup-full` installs what is missing."),
    "withdrawn": mark("It was withdrawn before."),
    "reference_taken": mark("The desk's reference stands for another dispute."),
    "resolved": mark("The dispute ended otherwise before."),
    "term_over": mark("The term in which this could be said is over."),
    "media_type": mark("A body of this media type is not taken here."),
    "rate": mark("Too many requests at once; try again a little later."),
    "too_large": mark("The request is larger than what is taken."),
    "log_signature": mark("No key that may order the log has signed this checkpoint."),
    "backup": mark("Nothing was copied or restored."),
    "handover": mark("The log cannot be taken over so; nothing was signed."),
    "fork": mark("The log was forked; the node waits for an operator to decide how it goes on."),
    "application_hash": mark(
        "The validators have agreed on another log than this node's; its copy has to be made anew."
    ),
    "refused_lines": mark("Some lines cannot be taken; nothing was imported."),
    "locked": mark("Another process runs this node."),
    "risk_policy": mark("The risk policy cannot be in force; the old one stays."),
    "policy_unchanged": mark("This risk policy is in force already."),
    "response_state": mark("The response is in no state for this."),
    "policy_outdated": mark("Another risk policy was adopted since; look at the change again."),
    "settings": mark("The node's configuration cannot be used."),
    "key_file": mark("The key file cannot be used."),
    "passphrase": mark("The passphrase does not open the key file, or the file was changed."),
    "key_missing": mark(
        "The node's key is not the one that the consortium document names; put it into the key file."
    ),
    "key_rotation": mark("This step of a change of keys cannot be taken."),
    "no_passphrase": mark("There is no passphrase that could be used."),
    "founding": mark("This step of the founding cannot be taken."),
    "key_generation": mark("The token key could not be made together; start again."),
    "not_due": mark("The month cannot be closed now."),
    "other_receivables": mark("This folder was made from something else; choose another folder."),
    "no_receivables": mark("There is nothing here that a demo could be made of."),
    "older_export": mark("The book holds a later export; nothing was imported."),
    "receivables": mark("The file cannot be read as receivables."),
    "receivables_too_large": mark("The file is larger than what is read at once; split it."),
    "receivables_encoding": mark(
        "The file's text encoding is unknown; save it as UTF-8 or name it in a mapping."
    ),
    "receivables_table": mark("The file holds no table that is read here; save it as CSV or .xlsx."),
    "receivables_header": mark("No line looks like column names; name the columns in a mapping."),
    "receivables_column_missing": mark("A column that is needed was not found; name it in a mapping."),
    "receivables_column_ambiguous": mark(
        "Two columns could be the one that is needed; name it in a mapping."
    ),
    "receivables_date_order": mark("The dates do not say their own order; say date_order in a mapping."),
    "receivables_decimal": mark("The amounts do not say their own decimal sign; say decimal in a mapping."),
    "receivables_mapping": mark("The mapping file breaks its own format."),
}


def sentence_of(error: LedgerError) -> str:
    """Return the sentence of an error's code, or that of the nearest kind above it that has one."""
    codes = (getattr(kind, "code", "") for kind in type(error).__mro__)
    return next(SENTENCES[code] for code in codes if code in SENTENCES)

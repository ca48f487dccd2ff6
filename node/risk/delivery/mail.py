"""E-mail over the firm's own server: one message a recipient, in its language, with an id that stays."""

import smtplib
import ssl
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from node.risk.delivery.letters import NamesOf, letter_of
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.delivery.secrets import naming, read_private
from node.risk.delivery.settings import MailSettings, Recipient
from node.risk.policy.watching import Severity
from node.texts import spoken

_WAIT_S: Final = 20.0
_PERMANENT: Final = range(500, 600)


class Mailbox:
    """One recipient, as a channel."""

    def __init__(self, settings: MailSettings, recipient: Recipient, names_of: NamesOf) -> None:
        """Read the password and whom to trust; raises SettingsError that names the field."""
        self._settings, self._recipient, self._names_of = settings, recipient, names_of
        file = settings.password_file
        with naming("mail.password_file"):
            self._password = "" if file is None else read_private(file).strip("\r\n")
        with naming("mail.ca_file"):
            self._trusted = ssl.create_default_context(cafile=settings.ca_file)

    @property
    def name(self) -> str:
        """The name of the channel."""
        return f"mail:{self._recipient.name}"

    @property
    def least(self) -> Severity:
        """The least grave notices that go out."""
        return self._recipient.least

    def send(self, notice: Notice, at: datetime) -> Outcome:
        """Hand a notice to the server: what that has taken is sent."""
        message = self._message(notice, at)
        try:
            with closing(self._session()) as session:
                session.send_message(message)
                with suppress(smtplib.SMTPException):  # it is taken, whatever is said at parting
                    session.quit()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            return _refusal(error)
        except (smtplib.SMTPException, OSError):
            return Outcome(ending="failed", detail="unreachable")
        return Outcome(ending="sent", detail="smtp 250")

    def _session(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=_WAIT_S, context=self._trusted
            )
        else:
            session = smtplib.SMTP(settings.host, settings.port, timeout=_WAIT_S)
        try:
            if settings.security == "starttls":
                # Refused by a server that does not offer it: nothing is ever sent in the clear instead.
                session.starttls(context=self._trusted)
            if settings.login is not None:
                session.login(settings.login, self._password)
        except BaseException:  # whatever it is, the connection is let go
            session.close()
            raise
        return session

    def _message(self, notice: Notice, at: datetime) -> EmailMessage:
        letter = spoken(self._recipient.language, lambda: letter_of(notice, self._names_of))
        message = EmailMessage()
        message["From"], message["To"] = self._settings.sender, self._recipient.address
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(at)
        domain = self._settings.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{notice.id}.{self._recipient.name}@{domain}>"
        # RFC 3834: nobody's absence is answered to a machine.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


def _refusal(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> Outcome:
    """Return how a refusal ends the attempt: for good where the server refuses this message or recipient.

    A login that is refused is the operator's to mend, and the notice waits for that.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max(code for code, _ in error.recipients.values())
    else:
        code = error.smtp_code
    of_message = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
    is_final = of_message and code in _PERMANENT
    return Outcome(ending="refused" if is_final else "failed", detail=f"smtp {code}")

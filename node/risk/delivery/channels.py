"""The channels that the settings name, ready to send."""

from contextlib import ExitStack

from node.risk.delivery.letters import NamesOf
from node.risk.delivery.mail import Mailbox
from node.risk.delivery.outcomes import Channel
from node.risk.delivery.settings import DeliverySettings
from node.risk.delivery.webhooks import Webhook


def channels_of(settings: DeliverySettings, names_of: NamesOf, opened: ExitStack) -> list[Channel]:
    """Return every way out; what has to be closed is left with `opened`.

    Raises SettingsError that names the field whose file cannot be used.
    """
    channels: list[Channel] = []
    if settings.mail is not None:
        channels += [Mailbox(settings.mail, one, names_of) for one in settings.mail.recipients]
    for webhook in settings.webhooks:
        made = Webhook(webhook)
        opened.callback(made.close)
        channels.append(made)
    return channels

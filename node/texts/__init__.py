"""What a person reads: English sentences in the code, their Chinese in `zh_CN.po` (ADR 0004)."""

from consortium_config.texts import Language
from node.texts.catalogue import current, in_both, locale_language, mark, speak, spoken, tr

__all__ = ["Language", "current", "in_both", "locale_language", "mark", "speak", "spoken", "tr"]

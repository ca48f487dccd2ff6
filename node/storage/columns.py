"""The types of columns, which mean the same in every kind of database.

SQLite's integers have 64 bits and its texts compare by their UTF-8 bytes; PostgreSQL is told to do the same.
"""

from typing import Final

from sqlalchemy import BigInteger, Integer, Text

NUMBER: Final = Integer().with_variant(BigInteger(), "postgresql")
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")

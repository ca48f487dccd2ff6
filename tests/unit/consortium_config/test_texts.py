import re
from collections.abc import Iterator
from typing import Any

import pytest

from consortium_config.schema import document_schema
from consortium_config.texts import LANGUAGES, field_paths, field_text


def schema_paths(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the path of each field that the schema describes, deep ones included."""
    for name, field in schema.get("properties", {}).items():
        yield prefix + name
        if field.get("additionalProperties") is False:
            yield from schema_paths(field, f"{prefix}{name}.")
        if field.get("items", {}).get("type") == "object":
            yield from schema_paths(field["items"], f"{prefix}{name}[].")


def test_every_field_has_texts_and_every_text_a_field() -> None:
    assert sorted(schema_paths(document_schema())) == sorted(field_paths())
    assert len(field_paths()) == 34


@pytest.mark.parametrize("path", field_paths())
def test_a_field_is_explained_in_both_languages(path: str) -> None:
    for language in LANGUAGES:
        text = field_text(path, language)
        assert text.name
        assert len(text.explanation) > len(text.name)
        assert bool(re.search(r"[\u4e00-\u9fff]", text.name + text.explanation)) == (language == "zh-CN")
    assert field_text(path, "en").explanation.endswith(".")
    assert field_text(path, "zh-CN").explanation.endswith("。")


def test_no_two_fields_have_the_same_name() -> None:
    for language in LANGUAGES:
        names = [field_text(path, language).name for path in field_paths()]
        assert len(set(names)) == len(names)


def test_what_is_no_field_has_no_text() -> None:
    with pytest.raises(KeyError):
        field_text("policy.colour", "en")

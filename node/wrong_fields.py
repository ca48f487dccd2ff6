"""What is wrong with a configuration, by its fields and without its values."""

from pydantic import ValidationError

from node.errors import SettingsError


def refused(error: ValidationError) -> SettingsError:
    """Return what to raise: every field that is wrong, with the reason where it is one of this program's."""
    fields = set()
    for item in error.errors():
        field = ".".join(map(str, item["loc"]))
        # A validator's own sentence repeats no value; pydantic's may.
        fields.add(f"{field} ({item['ctx']['error']})" if item["type"] == "value_error" else field)
    return SettingsError(f"check these fields: {', '.join(sorted(fields))}")

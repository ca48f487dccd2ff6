"""What a party's own people and systems do with their node: by API keys, each within its scopes."""

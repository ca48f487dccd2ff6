"""Making a consortium document: JSON Schema, texts, drafting, founding, sample."""

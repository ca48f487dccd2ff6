"""One customer's risk report: a document, and what people read of it, in the terminal, as HTML and as PDF."""

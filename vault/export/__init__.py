"""Taking one's papers along: a wallet as one ZIP (docs/formats/export.md)."""

"""Taking in what was taken along: an export of this or another vault (docs/formats/export.md#taking-it-in)."""

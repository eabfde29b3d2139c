"""Backups: a consistent copy of the rows and the sealed blobs that they name (docs/formats/backup.md)."""

"""A whole vault in a temporary folder, as in tests/vault."""

from tests.vault.conftest import services, settings, tables, world

__all__ = ["services", "settings", "tables", "world"]

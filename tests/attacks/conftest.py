"""A whole vault in a temporary folder, as in tests/vault."""

from tests.vault.conftest import services, settings, world

__all__ = ["services", "settings", "world"]

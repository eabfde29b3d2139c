"""The demo's papers: invented, drawn here, and marked as specimens on every page."""

from vault.demo.papers import DemoPaper, papers

__all__ = ["DemoPaper", "papers"]

"""Runs migrations on the connection that `vault.migrate` hands over, inside its transaction."""

from typing import Any, Literal

from alembic import context

from vault import models
from vault.db import UtcDateTime


def render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """New revisions name plain SQLAlchemy types: they must still run when our own have changed."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.Row.metadata,
    render_item=render,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

"""Searchable copies of versions: of which state of the paper, of how many bytes, or why there is none."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("version", sa.Column("copy_state", sa.LargeBinary(), nullable=True))
    op.add_column("version", sa.Column("copy_bytes", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("version", sa.Column("copy_failure", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind = 'copy'")
    for name in ("copy_state", "copy_bytes", "copy_failure"):
        op.drop_column("version", name)

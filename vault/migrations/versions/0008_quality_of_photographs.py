"""What is wrong with a version as a photograph, as codes; nothing is known of those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("version", sa.Column("quality", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("version", "quality")

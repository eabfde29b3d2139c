"""Sheets: pages that get tiles, jobs of more than one kind for a version."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBERS = ("pages_shown", "sheets_cut", "sheet_percent")
KEPT = "id, version_id, citizen_id, ticket, attempt, created_at, run_after"


def upgrade() -> None:
    for name in NUMBERS:
        op.add_column("version", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("version", sa.Column("sheets", sa.JSON(), server_default="[]", nullable=False))
    op.execute("UPDATE version SET pages_shown = pages_read")
    _renew("job_of_kinds", "kind", sa.UniqueConstraint("version_id", "kind"))
    op.create_index("ix_job_due", "job", ["kind", "run_after", "id"])


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind <> 'reading'")
    _renew("job_of_one_kind", "", sa.UniqueConstraint("version_id"))
    op.create_index("ix_job_due", "job", ["run_after", "id"])
    for name in ("sheets", *NUMBERS):
        op.drop_column("version", name)


def _renew(new: str, kind: str, one_each: sa.UniqueConstraint) -> None:
    """The table of jobs with another constraint, which has no name of its own to change it by; its rows stay."""
    kinds = [sa.Column("kind", sa.String(length=16), server_default="reading", nullable=False)] if kind else []
    op.create_table(
        new,
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=36), nullable=False),
        *kinds,
        sa.Column("citizen_id", sa.String(length=36), nullable=False),
        sa.Column("ticket", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"]),
        sa.PrimaryKeyConstraint("id"),
        one_each,
    )
    op.execute(f"INSERT INTO {new} ({KEPT}) SELECT {KEPT} FROM job")  # noqa: S608 - fixed names
    op.drop_table("job")
    op.rename_table(new, "job")

"""Dossiers: requests of portals, codes, tokens bound to keys, components and figures.

Access tokens without a key end here; what was shared stays open to the agency's officers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("authorizationrequest", "dossier", "dossieritem", "supplement", "figure", "authorizationcode", "accesstoken")


def upgrade() -> None:
    _used_proofs("usedassertion", "usedproof")
    _portals_and_kinds()
    _requests()
    _dossiers()
    _supplements_and_figures()
    _codes_and_tokens()
    _end_unbound_tokens()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("grant") as grant:
        grant.add_column(sa.Column("token_hash", sa.LargeBinary(), nullable=True))
        grant.create_unique_constraint("uq_grant_token_hash", ["token_hash"])
    op.drop_column("document", "kind_sure")
    op.drop_column("agency", "procedures")
    op.drop_column("agency", "redirect_uris")
    _used_proofs("usedproof", "usedassertion")


def _used_proofs(old: str, new: str) -> None:
    """What was used before the change of name stays used."""
    op.create_table(
        new,
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"ix_{new}_expires_at", new, ["expires_at"])
    op.execute(f"INSERT INTO {new} (id, expires_at) SELECT id, expires_at FROM {old}")  # noqa: S608 - two fixed names
    op.drop_table(old)


def _portals_and_kinds() -> None:
    op.add_column("agency", sa.Column("redirect_uris", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("agency", sa.Column("procedures", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("document", sa.Column("kind_sure", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE document SET kind_sure = kind_confirmed OR kind <> 'other'")


def _requests() -> None:
    op.create_table(
        "authorizationrequest",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("citizen_id", sa.String(length=36), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("draft", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.ForeignKeyConstraint(["citizen_id"], ["wallet.citizen_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index("ix_authorizationrequest_agency_id", "authorizationrequest", ["agency_id"])
    op.create_index("ix_authorizationrequest_citizen_id", "authorizationrequest", ["citizen_id"])
    op.create_index("ix_authorizationrequest_expires_at", "authorizationrequest", ["expires_at"])


def _dossiers() -> None:
    op.create_table(
        "dossier",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("citizen_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("procedure", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.ForeignKeyConstraint(["citizen_id"], ["wallet.citizen_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("citizen_id", "agency_id", "procedure", "reference"),
    )
    op.create_index("ix_dossier_agency_id", "dossier", ["agency_id"])
    op.create_index("ix_dossier_citizen_id", "dossier", ["citizen_id"])
    op.create_table(
        "dossieritem",
        sa.Column("dossier_id", sa.String(length=36), nullable=False),
        sa.Column("component", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["grant_id"], ["grant.id"]),
        sa.PrimaryKeyConstraint("dossier_id", "component", "grant_id"),
    )
    op.create_index("ix_dossieritem_grant_id", "dossieritem", ["grant_id"])
    op.create_index("ix_dossieritem_version_id", "dossieritem", ["version_id"])


def _supplements_and_figures() -> None:
    op.create_table(
        "supplement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dossier_id", sa.String(length=36), nullable=False),
        sa.Column("citizen_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("draft", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.ForeignKeyConstraint(["citizen_id"], ["wallet.citizen_id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["grant_id"], ["grant.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_supplement_citizen_id", "supplement", ["citizen_id"])
    op.create_index("ix_supplement_dossier_id", "supplement", ["dossier_id"])
    op.create_table(
        "figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("procedure", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("reused", sa.Integer(), nullable=False),
        sa.Column("bytes_not_sent", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_figure_agency", "figure", ["agency_id", "procedure", "month"])


def _codes_and_tokens() -> None:
    op.create_table(
        "authorizationcode",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("dossier_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redirect_uri", sa.String(length=500), nullable=False),
        sa.Column("code_challenge", sa.String(length=43), nullable=False),
        sa.Column("key", sa.String(length=43), nullable=True),
        sa.Column("sealed_form", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"]),
        sa.ForeignKeyConstraint(["grant_id"], ["grant.id"]),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_index("ix_authorizationcode_dossier_id", "authorizationcode", ["dossier_id"])
    op.create_index("ix_authorizationcode_expires_at", "authorizationcode", ["expires_at"])
    op.create_index("ix_authorizationcode_grant_id", "authorizationcode", ["grant_id"])
    op.create_table(
        "accesstoken",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=True),
        sa.Column("key", sa.String(length=43), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        sa.ForeignKeyConstraint(["grant_id"], ["grant.id"]),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_accesstoken_agency_id", "accesstoken", ["agency_id"])
    op.create_index("ix_accesstoken_expires_at", "accesstoken", ["expires_at"])
    op.create_index("ix_accesstoken_grant_id", "accesstoken", ["grant_id"])


def _end_unbound_tokens() -> None:
    op.execute("DELETE FROM grantholder WHERE holder = 'token'")
    with op.batch_alter_table("grant") as grant:
        grant.drop_column("token_hash")

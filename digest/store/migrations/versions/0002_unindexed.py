"""Which entries the search index does not know as they stand.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "unindexed",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_unindexed_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_unindexed"),
    )

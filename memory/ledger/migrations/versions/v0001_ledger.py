"""The whole ledger, squashed: one migration until the first release."""

import sqlalchemy as sa
from alembic import op

from memory.ledger.migrations import later_tables
from memory.ledger.migrations.columns import (
    blob,
    choice,
    day,
    flag,
    foreign,
    index,
    json,
    moment,
    money,
    number,
    primary,
    text,
    whole,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit",
        *text("chain actor action subject detail previous_hash hash"),
        *whole("sequence"),
        *moment("at"),
        primary("audit", "chain", "sequence"),
    )
    op.create_table(
        "audit_head",
        *text("chain hash"),
        *whole("length"),
        primary("audit_head", "chain"),
    )
    op.create_table(
        "model_call",
        *whole("number prompt_tokens completion_tokens hold"),
        *text("portfolio slot node subject prompt_digest model error answer"),
        *number("cost_usd latency_seconds"),
        *flag("cached estimated"),
        *day("day"),
        *moment("at"),
        primary("model_call", "number"),
        sa.UniqueConstraint(
            *("portfolio", "slot", "node", "subject", "prompt_digest", "hold"),
            name="uq_model_call_portfolio_slot_node_subject_prompt_digest_hold",
        ),
    )
    index("model_call", "day")
    op.create_table(
        "spend_hold",
        *whole("number tokens"),
        *text("portfolio slot"),
        *number("cost_usd"),
        *day("day"),
        primary("spend_hold", "number"),
    )
    index("spend_hold", "day")
    op.create_table(
        "portfolio",
        *text("name"),
        *day("session", null=True),
        *money("cash units"),
        *number("reference_high all_time_high"),
        *moment("created_at"),
        *moment("account_seen_at", null=True),
        primary("portfolio", "name"),
    )
    op.create_table(
        "research_note",
        *text("portfolio slot problem"),
        *json("note", null=True),
        primary("research_note", "portfolio", "slot"),
    )
    op.create_table(
        "snapshot",
        *text("digest kind"),
        *blob("body"),
        primary("snapshot", "digest"),
    )
    op.create_table(
        "thesis",
        *text("portfolio slot symbol problem"),
        *json("thesis", null=True),
        primary("thesis", "portfolio", "slot", "symbol"),
    )
    op.create_table(
        "control",
        *text("portfolio reason by resume_asked_by"),
        *choice("control", "state", "ACTIVE REDUCING HALTED"),
        *choice("control", "cause", "daily_loss heartbeat person drawdown"),
        *whole("epoch"),
        *day("session", null=True),
        *moment("changed_at"),
        *moment("resume_asked_at", null=True),
        primary("control", "portfolio"),
        foreign("control", "portfolio", "portfolio.name"),
    )
    op.create_table(
        "breaker_act",
        *text("portfolio name"),
        *moment("at"),
        primary("breaker_act", "portfolio", "name"),
        foreign("breaker_act", "portfolio", "portfolio.name"),
    )
    op.create_table(
        "policy_pin",
        *text("portfolio digest"),
        *day("session"),
        primary("policy_pin", "portfolio", "session"),
        foreign("policy_pin", "portfolio", "portfolio.name"),
    )
    op.create_table(
        "equity_point",
        *text("portfolio"),
        *day("session"),
        *day("previous", null=True),
        *money("equity"),
        *number("unit_value"),
        *moment("at"),
        primary("equity_point", "portfolio", "session"),
        foreign("equity_point", "portfolio", "portfolio.name"),
    )
    op.create_table(
        "flow",
        *text("portfolio key"),
        *whole("number"),
        *choice("flow", "kind", "deposit withdrawal reset"),
        *money("amount units"),
        *day("session"),
        *moment("at"),
        primary("flow", "portfolio", "number"),
        foreign("flow", "portfolio", "portfolio.name"),
        sa.UniqueConstraint("portfolio", "key", name="uq_flow_portfolio_key"),
    )
    op.create_table(
        "position",
        *text("portfolio symbol proposal_id"),
        *money("quantity cost"),
        *day("opened"),
        *json("plan", null=True),
        primary("position", "portfolio", "symbol"),
        foreign("position", "portfolio", "portfolio.name"),
    )
    op.create_table(
        "proposal",
        *text("id portfolio batch_id symbol payload_hash problem"),
        *text("slot", null=True),
        *day("session"),
        *whole("rank version attempts control_epoch"),
        *choice("proposal", "origin", "model quant person alert monitor flatten"),
        *choice(
            "proposal",
            "status",
            "scheduled judged awaiting approved executing done rejected declined expired superseded quarantined",
        ),
        *choice("proposal", "side", "BUY SELL", null=True),
        *choice("proposal", "exit_kind", "stop target horizon", null=True),
        *number("price", null=True),
        *flag("reduces remembered"),
        *json("proposal facts"),
        *json("trade", null=True),
        *money("quantity filled_quantity"),
        *moment("created_at"),
        *moment("expires_at", null=True),
        primary("proposal", "id"),
        foreign("proposal", "portfolio", "portfolio.name"),
    )
    index("proposal", "batch_id")
    index("proposal", "portfolio", "created_at")
    index("proposal", "portfolio", "remembered")
    index("proposal", "portfolio", "session")
    index("proposal", "portfolio", "slot")
    index("proposal", "portfolio", "status")
    op.create_table(
        "run",
        *text("portfolio slot analyst problem"),
        *day("session"),
        *choice("run", "status", "running done failed"),
        *whole("attempts"),
        *text("snapshot_digest scan_digest", null=True),
        *json("assumptions undecided"),
        *moment("started_at"),
        *moment("finished_at", null=True),
        primary("run", "portfolio", "slot"),
        foreign("run", "portfolio", "portfolio.name"),
    )
    index("run", "portfolio", "started_at")
    index("run", "portfolio", "session")
    op.create_table(
        "approval",
        *text("proposal_id portfolio answer by channel payload_hash reason"),
        *whole("version"),
        *moment("at"),
        *money("quantity"),
        *number("collar_low collar_high", null=True),
        *json("shown"),
        *flag("hindsight"),
        primary("approval", "proposal_id", "version"),
        foreign("approval", "proposal_id", "proposal.id"),
        sa.CheckConstraint("answer IN ('approve', 'reject', 'expire', 'supersede')", name=op.f("ck_approval_answer")),
    )
    later_tables.episodes()
    op.create_table(
        "order_intent",
        *text("client_order_id portfolio proposal_id leg symbol problem"),
        *whole("version attempt control_epoch"),
        *choice("order_intent", "side", "BUY SELL"),
        *money("quantity filled_quantity"),
        *choice("order_intent", "order_type", "market limit stop stop_limit bracket"),
        *money("limit_price stop_price take_profit_price plan_stop plan_target collar_low collar_high", null=True),
        *flag("reduces"),
        *day("session"),
        *choice("order_intent", "state", "PENDING SUBMITTING OPEN PARTIAL DONE REJECTED UNKNOWN QUARANTINED"),
        *moment("created_at valid_until"),
        primary("order_intent", "client_order_id"),
        foreign("order_intent", "portfolio", "portfolio.name"),
        foreign("order_intent", "proposal_id", "proposal.id"),
    )
    index("order_intent", "portfolio", "created_at")
    index("order_intent", "portfolio", "state")
    index("order_intent", "proposal_id")
    op.create_table(
        "reservation",
        *text("proposal_id portfolio symbol"),
        *choice("reservation", "side", "BUY SELL"),
        *money("quantity"),
        *number("price stop_risk"),
        *flag("reduces"),
        primary("reservation", "proposal_id"),
        foreign("reservation", "proposal_id", "proposal.id"),
    )
    index("reservation", "portfolio")
    op.create_table(
        "verdict",
        *text("proposal_id portfolio"),
        *whole("version"),
        *choice("verdict", "phase", "first after_yes"),
        *choice("verdict", "decision", "execute resize approval reject halt none"),
        *money("quantity"),
        *json("body"),
        *moment("at"),
        primary("verdict", "proposal_id", "version", "phase"),
        foreign("verdict", "proposal_id", "proposal.id"),
    )
    op.create_table(
        "broker_order",
        *text("client_order_id portfolio broker_order_id symbol reason"),
        *choice("broker_order", "side", "BUY SELL"),
        *money("quantity filled_quantity"),
        *money("average_price", null=True),
        *choice("broker_order", "status", "accepted open partially_filled filled canceled expired rejected unknown"),
        *choice("broker_order", "order_type", "market limit stop stop_limit bracket"),
        *moment("submitted_at told_at"),
        primary("broker_order", "client_order_id"),
        foreign("broker_order", "client_order_id", "order_intent.client_order_id"),
    )
    op.create_table(
        "fill",
        *text("execution_id portfolio proposal_id client_order_id symbol"),
        *choice("fill", "side", "BUY SELL"),
        *money("quantity price commission"),
        *moment("at"),
        *day("session"),
        *choice("fill", "leg", "stop target horizon", null=True),
        primary("fill", "execution_id"),
        foreign("fill", "client_order_id", "order_intent.client_order_id"),
    )
    index("fill", "client_order_id")
    index("fill", "portfolio", "symbol", "at")
    index("fill", "portfolio", "session")
    later_tables.outbox()
    later_tables.people()
    later_tables.jobs()
    later_tables.mismatches()
    later_tables.adjustments()
    later_tables.calibrations()
    later_tables.external_orders()


def downgrade() -> None:
    """Refuse: there is nothing before the first version."""
    raise NotImplementedError("restore a copy of PM_HOME instead")

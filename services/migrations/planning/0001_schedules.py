"""Schedules, the notifications that become of them, and the number that says who may plan."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables with their rules, and an index behind each of the three polls."""
    op.execute(
        """
        CREATE TABLE schedules (
            id uuid PRIMARY KEY,
            channel text NOT NULL CHECK (channel IN ('email', 'sms', 'webhook', 'telegram')),
            recipient text NOT NULL,
            subject text,
            body text NOT NULL,
            placeholder_values jsonb NOT NULL DEFAULT '{}',
            first_at timestamptz NOT NULL,
            every_seconds bigint CHECK (every_seconds >= 1),
            count bigint CHECK (count >= 1),
            -- Times that are behind it, planned or skipped.
            passed bigint NOT NULL DEFAULT 0 CHECK (passed >= 0),
            skipped bigint NOT NULL DEFAULT 0 CHECK (skipped BETWEEN 0 AND passed),
            -- None once nothing more is to be planned.
            next_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            cancelled_at timestamptz,
            CONSTRAINT count_is_of_repetitions CHECK (count IS NULL OR every_seconds IS NOT NULL),
            CONSTRAINT cancelled_has_no_next CHECK (cancelled_at IS NULL OR next_at IS NULL)
        )
        """
    )
    op.execute("CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL")
    op.execute(
        """
        CREATE TABLE notifications (
            id uuid PRIMARY KEY,
            schedule_id uuid NOT NULL REFERENCES schedules,
            planned_for timestamptz NOT NULL,
            number bigint NOT NULL CHECK (number >= 1),
            status text NOT NULL DEFAULT 'planned'
                CHECK (status IN ('planned', 'ready', 'sent', 'failed', 'cancelled')),
            subject text,
            body text,
            attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            -- When a notifier may take it: after the pause before a retry, or once another one's lease has run out.
            free_at timestamptz NOT NULL DEFAULT now(),
            last_error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            sent_at timestamptz,
            CONSTRAINT once_per_planned_time UNIQUE (schedule_id, planned_for),
            CONSTRAINT ready_is_rendered CHECK (status NOT IN ('ready', 'sent') OR body IS NOT NULL),
            CONSTRAINT sent_has_its_time CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
            CONSTRAINT failed_has_its_reason CHECK (status <> 'failed' OR last_error IS NOT NULL)
        )
        """
    )
    op.execute("CREATE INDEX notifications_planned ON notifications (planned_for) WHERE status = 'planned'")
    op.execute("CREATE INDEX notifications_ready ON notifications (free_at) WHERE status = 'ready'")
    op.execute(
        """
        CREATE TABLE planning_fence (
            only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
            number bigint NOT NULL
        )
        """
    )
    op.execute("INSERT INTO planning_fence (number) VALUES (0)")

"""Questions to IAM that AWS asks itself, in the name of a role it was given."""

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.services import iam

from local.emulator.permissions import customer_keys, watching
from local.emulator.permissions.record import Record

_LEAST_ARN_PARTS = 6


class Asking:
    """Answers as `iam_evaluator.enforce` does for a signed request, and puts the answer on record."""

    def __init__(self, record: Record) -> None:
        """Put answers on this record."""
        self._record = record

    def allows(self, role_arn: str, action: str, resource: str, *, session: str) -> bool:
        """Whether a role may, and may use the key of what it asks for; AWS calls its own session of it by `session`.

        A role that IAM does not know may nothing; where no role is given, nobody is asked.
        """
        if len(role_arn.split(":")) < _LEAST_ARN_PARTS:
            return True
        return self._decide(role_arn, action, resource, session, {}) and all(
            self._decide(role_arn, asked.action, asked.key, session, asked.context)
            for asked in customer_keys.questions(action, resource, get_region())
        )

    def _decide(self, role_arn: str, action: str, resource: str, session: str, context: Mapping[str, Any]) -> bool:
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        asked = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session[:64]}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=get_region(),
            secure_transport=True,
            service_context={key.lower(): value for key, value in context.items()},
        )
        limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
        with watching.watched() as watch:
            result = iam_evaluator.evaluate(asked, watching.role_policies(name, account), *limits)
            service = action.partition(":")[0]
            policy = iam_evaluator._resource_policy(service, resource)
            if policy is not None:
                required = service in iam_evaluator._POLICY_REQUIRED
                result = iam_evaluator.combine_resource_policy(result, asked, *policy, required=required, limits=limits)
        allowed = bool(result.decision == "Allow")
        watching.note(self._record, watch, allowed=allowed)
        return allowed

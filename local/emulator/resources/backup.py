"""AWS::Backup::BackupSelection, which MiniStack lacks, and BackupPlan, which is kept but whose schedules do not run."""

import json

from ministack.services import backup
from ministack.services.cloudformation import provisioners

from local.emulator.resources.recorded import RecordedOnly
from local.emulator.resources.registry import CreatedAgain, Properties, Provider, Provisioned, answer

_PLAN = "AWS::Backup::BackupPlan"
_SELECTION = "AWS::Backup::BackupSelection"
_VAULT = "AWS::Backup::BackupVault"


class _Plan:
    """A plan is created and described by the emulator's AWS Backup; it is listed as recorded only."""

    def __init__(self, recorded: RecordedOnly) -> None:
        """List plans in `recorded`."""
        self._recorded = recorded

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the plan."""
        identifier, attributes = provisioners._backup_plan_create(logical_id, dict(properties), stack)
        self._recorded.add(_PLAN, stack, logical_id, identifier)
        return identifier, attributes

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Make a new version of the plan."""
        provisioned: Provisioned = provisioners._backup_plan_update(
            physical_id, dict(old), dict(new), stack, logical_id
        )
        return provisioned

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the plan."""
        provisioners._backup_plan_delete(physical_id, dict(properties))
        self._recorded.remove(physical_id)


class _Selection(CreatedAgain):
    """What a plan is for."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Add the selection to its plan."""
        plan = str(properties["BackupPlanId"])
        selection = {"BackupSelection": dict(properties["BackupSelection"])}
        identifier = str(json.loads(answer(backup._create_selection(plan, selection), _SELECTION))["SelectionId"])
        return identifier, {"BackupPlanId": plan, "Id": f"{plan}|{identifier}", "SelectionId": identifier}

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Take the selection off its plan."""
        plan = str(properties["BackupPlanId"])
        if physical_id in backup._selections:
            answer(backup._delete_selection(plan, physical_id), _SELECTION)


def register_vault() -> None:
    """Refuse a second vault of a name, and keep one that holds recovery points, as AWS does."""
    create = provisioners._backup_vault_create

    def create_vault(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("BackupVaultName") or provisioners._physical_name(stack, logical_id, max_len=50)
        if name in backup._vaults:
            # Else two stacks hold one vault, and the first of them that is deleted takes it away from the other.
            raise ValueError(f"{_VAULT}: AlreadyExistsException: Vault '{name}' already exists.")
        made: Provisioned = create(logical_id, dict(properties), stack)
        return made

    def delete_vault(physical_id: str, properties: Properties) -> None:  # noqa: ARG001 - CloudFormation's signature
        if physical_id in backup._vaults:
            answer(backup._delete_vault(physical_id), _VAULT)

    provisioners._RESOURCE_HANDLERS[_VAULT] |= {"create": create_vault, "delete": delete_vault}
    # The handler of changes replaces a renamed vault by these.
    provisioners._backup_vault_create = create_vault
    provisioners._backup_vault_delete = delete_vault


def types(recorded: RecordedOnly) -> dict[str, Provider]:
    """The types of this service."""
    return {_PLAN: _Plan(recorded), _SELECTION: _Selection()}

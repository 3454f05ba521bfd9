"""The DeployAccess stack."""

from typing import Unpack

from constructs import Construct

from config.model import DeployAccessConfig
from constructs_lib.deploy_access import DeployAccess
from stacks.base import GroundworkStack, StackOptions


class DeployAccessStack(GroundworkStack):
    """The role by which GitHub's workflows deploy all other stacks.

    A stack of its own because it decides who may change the others: a person deploys it, first and rarely, and nothing
    else waits for it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: DeployAccessConfig,
        environment: str,
        bootstrap_qualifier: str,
        **options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, id_, **options)
        access = DeployAccess(
            self, "Access", config=config, environment=environment, bootstrap_qualifier=bootstrap_qualifier
        )
        self.output("DeployRoleArn", access.role.role_arn, "What a workflow names as role-to-assume")

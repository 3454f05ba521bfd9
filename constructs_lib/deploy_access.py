"""Deployment from GitHub: an identity provider, and a role that one environment of one repository assumes."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from config.model import DeployAccessConfig

ISSUER = "token.actions.githubusercontent.com"
# Whom a workflow's token must be meant for: what aws-actions/configure-aws-credentials asks GitHub for.
AUDIENCE = "sts.amazonaws.com"
# What the CDK CLI deploys with; each of them says itself what it may, and CloudFormation's own role is handed over by
# the first. https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
BOOTSTRAP_ROLES = ("deploy", "file-publishing", "image-publishing", "lookup")


class DeployAccess(Construct):
    """The role: it may assume the CDK's roles of this account and region, and nothing besides.

    They are those of the bootstrap that has the qualifier, by which the environment's stacks are deployed.
    """

    def __init__(
        self, scope: Construct, id_: str, *, config: DeployAccessConfig, environment: str, bootstrap_qualifier: str
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(
            self,
            "Role",
            description=f"GitHub's workflows of {config.repository} deploy {environment}",
            assumed_by=iam.WebIdentityPrincipal(
                self._provider_arn(config),
                # Compared as a whole: a pattern would let in what only looks like it, and a repository without an
                # environment has none of its rules on who may deploy.
                {
                    "StringEquals": {
                        f"{ISSUER}:aud": AUDIENCE,
                        f"{ISSUER}:sub": subject(config, environment),
                    }
                },
            ),
            max_session_duration=Duration.hours(config.session_hours),
            inline_policies={
                "Bootstrap": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["sts:AssumeRole"], resources=self._bootstrap_roles(bootstrap_qualifier)
                        )
                    ]
                )
            },
        )

    def _provider_arn(self, config: DeployAccessConfig) -> str:
        if config.provider_arn is not None:
            return config.provider_arn
        # No thumbprint: AWS verifies GitHub's certificate by the authorities it trusts itself.
        provider = iam.CfnOIDCProvider(self, "Provider", url=f"https://{ISSUER}", client_id_list=[AUDIENCE])
        return provider.attr_arn

    def _bootstrap_roles(self, qualifier: str) -> list[str]:
        stack = Stack.of(self)
        return [
            stack.format_arn(
                service="iam",
                region="",
                resource="role",
                resource_name=f"cdk-{qualifier}-{role}-role-{stack.account}-{stack.region}",
            )
            for role in BOOTSTRAP_ROLES
        ]


def subject(config: DeployAccessConfig, environment: str) -> str:
    """Return the `sub` of the tokens that GitHub gives to jobs of an environment.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    return f"repo:{config.repository}:environment:{config.github_environment or environment}"

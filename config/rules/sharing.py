"""Rules between the environments of a system: whose deployments would reach another one's stacks."""

from collections.abc import Iterable, Iterator

from config.model import SystemConfig
from config.problems import Problem


def shared_deployment(config: SystemConfig, others: Iterable[SystemConfig]) -> Iterator[Problem]:
    """Return a fault for each other environment that the role of `deploy_access` could deploy as well.

    Whoever may assume the roles of a bootstrap deploys all that these deploy. They are named by qualifier, account and
    region: an account or region that is left open may be any.
    """
    if config.deploy_access is None:
        return
    for other in others:
        if other.environment != config.environment and _share(config, other):
            yield Problem(
                field="deploy_access.repository",
                value=config.deploy_access.repository,
                allowed=f"{config.environment} and {other.environment} may share an account and the bootstrap "
                f"{config.bootstrap_qualifier!r} in it, so that who deploys {config.environment} deploys "
                f"{other.environment}; allowed: `account` in both, each its own, or a `bootstrap_qualifier` of its own",
            )


def _share(one: SystemConfig, other: SystemConfig) -> bool:
    return (
        one.bootstrap_qualifier == other.bootstrap_qualifier
        and _may_be_equal(one.account, other.account)
        and _may_be_equal(one.region, other.region)
    )


def _may_be_equal(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other

"""What an app states about its costs, for those who read the assembly."""

from constructs import Construct

from config.model import CostConfig, SystemConfig

# Metadata of this type is no part of a template.
COST_METADATA = "assembly:cost"


def state_costs(scope: Construct, config: SystemConfig) -> None:
    """Note a system's budget and traffic at a construct; nothing where it goes without a budget."""
    cost = config.cost
    if not isinstance(cost, CostConfig):
        return
    scope.node.add_metadata(
        COST_METADATA,
        {
            "name": f"{config.system}/{config.environment}",
            "region": cost.price_region,
            "monthly_budget_usd": cost.monthly_budget_usd,
            "traffic": cost.traffic.model_dump(mode="json"),
        },
    )

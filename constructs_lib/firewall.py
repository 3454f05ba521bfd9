"""A web application firewall in front of a load balancer: AWS WAF with AWS's managed rules, and a limit per address."""

from aws_cdk import ArnFormat, Fn, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from config.model import FirewallConfig, Lifecycle
from constructs_lib.keys import FIREWALL_LOGS, customer_key
from constructs_lib.lifecycle import named_removal_policy

# Headers by which clients prove who they are.
_SECRET_HEADERS = ("authorization", "cookie", "x-api-key")
_TOO_MANY_REQUESTS = 429
# The managed rule groups in the order in which they are asked, with the rules among them that take free text in a body
# for an attack; what known-bad inputs look for, nobody writes by chance.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
_GROUPS: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
    ),
    "AWSManagedRulesSQLiRuleSet": ("SQLi_BODY",),
}
# Refuses bodies above 8 KiB. How large a body may be is the service's own affair, which answers a larger one by 413.
_SIZE = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}


class Firewall(Construct):
    """The web ACL with its rules, its log, and its association with a load balancer.

    What no rule names is let through. A request that is refused is answered by 403, one too many by 429.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        load_balancer_arn: str,
        config: FirewallConfig,
        lifecycle: Lifecycle,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow=wafv2.CfnWebACL.AllowActionProperty()),
            visibility_config=_visible("WebAcl"),
            rules=[self._limit(), *(self._managed(name, number) for number, name in enumerate(_GROUPS, start=1))],
        )
        wafv2.CfnWebACLAssociation(self, "Association", web_acl_arn=acl.attr_arn, resource_arn=load_balancer_arn)
        self._log(acl, lifecycle, log_retention)

    def _limit(self) -> wafv2.CfnWebACL.RuleProperty:
        rules = wafv2.CfnWebACL
        too_many = rules.BlockActionProperty(
            custom_response=rules.CustomResponseProperty(response_code=_TOO_MANY_REQUESTS)
        )
        return rules.RuleProperty(
            name="RequestsPerAddress",
            priority=0,
            action=(
                rules.RuleActionProperty(block=too_many)
                if self._config.blocks
                else rules.RuleActionProperty(count=rules.CountActionProperty())
            ),
            statement=rules.StatementProperty(
                rate_based_statement=rules.RateBasedStatementProperty(
                    aggregate_key_type="IP",
                    limit=self._config.requests_per_address,
                    evaluation_window_sec=self._config.window_seconds,
                )
            ),
            visibility_config=_visible("RequestsPerAddress"),
        )

    def _managed(self, name: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
        rules = wafv2.CfnWebACL
        counted = [*_SIZE.get(name, ()), *(() if self._config.inspects_bodies else _GROUPS[name])]
        return rules.RuleProperty(
            name=name,
            priority=priority,
            override_action=(
                rules.OverrideActionProperty(none={}) if self._config.blocks else rules.OverrideActionProperty(count={})
            ),
            statement=rules.StatementProperty(
                managed_rule_group_statement=rules.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS",
                    name=name,
                    rule_action_overrides=[
                        rules.RuleActionOverrideProperty(
                            name=each, action_to_use=rules.RuleActionProperty(count=rules.CountActionProperty())
                        )
                        for each in counted
                    ]
                    or None,
                )
            ),
            visibility_config=_visible(name),
        )

    def _log(self, acl: wafv2.CfnWebACL, lifecycle: Lifecycle, retention: logs.RetentionDays) -> None:
        stack = Stack.of(self)
        group = logs.LogGroup(
            self,
            "Logs",
            # A protected group stays when its stack is deleted: a stack of the same name makes another one.
            log_group_name=f"{FIREWALL_LOGS}{stack.stack_name}-{_unique_part(stack)}",
            encryption_key=customer_key(self, id_="LogsKey"),
            retention=retention,
            removal_policy=named_removal_policy(lifecycle),
        )
        # Its attribute ends with an asterisk, which WAF refuses.
        destination = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[destination],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in _SECRET_HEADERS
            ],
            logging_filter=None if self._config.logs == "all" else _REFUSED_ONLY,
        )


# EXCLUDED_AS_COUNT is a rule of a managed group that is set to count.
_REFUSALS = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
_REFUSED_ONLY = {
    "DefaultBehavior": "DROP",
    "Filters": [
        {
            "Behavior": "KEEP",
            "Requirement": "MEETS_ANY",
            "Conditions": [{"ActionCondition": {"Action": action}} for action in _REFUSALS],
        }
    ],
}


def _unique_part(stack: Stack) -> str:
    """Return the first eight digits of the UUID at the end of a stack's id, which no other stack ever has."""
    return Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", stack.stack_id))))


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )

"""Decisions of the web application firewall."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from config.model import FirewallConfig, Lifecycle
from constructs_lib.firewall import Firewall
from tests.support.given import template_of

BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/api/0123456789abcdef"
# What AWS counts for each managed group; a web ACL has 1,500 before it costs more.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
CAPACITY = {
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesSQLiRuleSet": 200,
}


def guarded(**config: Any) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        Firewall(
            stack,
            "Firewall",
            load_balancer_arn=BALANCER,
            config=FirewallConfig(**config),
            lifecycle=Lifecycle.RETAIN,
            log_retention=logs.RetentionDays.ONE_MONTH,
        )

    return template_of(build)


def only(template: assertions.Template, resource_type: str) -> dict[str, Any]:
    (resource,) = template.find_resources(resource_type).values()
    it: dict[str, Any] = resource["Properties"]
    return it


def rules(**config: Any) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in only(guarded(**config), "AWS::WAFv2::WebACL")["Rules"]}


def counted(rule: dict[str, Any]) -> set[str]:
    """The rules of a managed group that only count."""
    overrides = rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", [])
    assert all(each["ActionToUse"] == {"Count": {}} for each in overrides)
    return {each["Name"] for each in overrides}


def test_it_stands_before_the_load_balancer_and_lets_through_what_no_rule_names() -> None:
    template = guarded()
    acl = only(template, "AWS::WAFv2::WebACL")
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    (name,) = template.find_resources("AWS::WAFv2::WebACL")
    association = only(template, "AWS::WAFv2::WebACLAssociation")
    assert association == {"ResourceArn": BALANCER, "WebACLArn": {"Fn::GetAtt": [name, "Arn"]}}


def test_its_rules_are_those_of_aws_after_the_limit_within_what_a_web_acl_may_weigh() -> None:
    made = rules()
    order = sorted(made, key=lambda name: int(made[name]["Priority"]))
    assert order == ["RequestsPerAddress", *CAPACITY]
    for name in CAPACITY:
        group = made[name]["Statement"]["ManagedRuleGroupStatement"]
        assert (group["VendorName"], group["Name"]) == ("AWS", name)
    assert 2 + sum(CAPACITY.values()) <= 1500


def test_one_address_may_ask_so_often() -> None:
    rule = rules(requests_per_address=500, window_seconds=60)["RequestsPerAddress"]
    limit = {"AggregateKeyType": "IP", "EvaluationWindowSec": 60, "Limit": 500}
    assert rule["Statement"] == {"RateBasedStatement": limit}
    assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}


def test_at_first_it_may_count_only() -> None:
    for name, rule in rules(blocks=False).items():
        action = rule["Action"] if name == "RequestsPerAddress" else rule["OverrideAction"]
        assert action == {"Count": {}}, name
    assert {name: rule["OverrideAction"] for name, rule in rules().items() if "OverrideAction" in rule} == {
        name: {"None": {}} for name in CAPACITY
    }


def test_free_text_in_a_body_is_no_attack_unless_config_says_so() -> None:
    made = rules()
    assert counted(made["AWSManagedRulesSQLiRuleSet"]) == {"SQLi_BODY"}
    assert "CrossSiteScripting_BODY" in counted(made["AWSManagedRulesCommonRuleSet"])
    strict = rules(inspects_bodies=True)
    assert counted(strict["AWSManagedRulesSQLiRuleSet"]) == set()
    # How large a body may be, the service says.
    assert counted(strict["AWSManagedRulesCommonRuleSet"]) == {"SizeRestrictions_BODY"}


def test_what_is_known_to_be_bad_is_refused_wherever_it_stands() -> None:
    for name in ("AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesAmazonIpReputationList"):
        assert counted(rules()[name]) == set()


def test_keys_and_tokens_are_not_logged() -> None:
    template = guarded()
    logging = only(template, "AWS::WAFv2::LoggingConfiguration")
    redacted = {field["SingleHeader"]["Name"] for field in logging["RedactedFields"]}
    assert redacted == {"authorization", "cookie", "x-api-key"}
    # It would keep whole requests for three hours, for whoever may look at the web ACL.
    acl = only(template, "AWS::WAFv2::WebACL")
    visible = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]
    assert {each["SampledRequestsEnabled"] for each in visible} == {False}
    assert {each["CloudWatchMetricsEnabled"] for each in visible} == {True}


def test_refused_requests_are_logged_or_all() -> None:
    template = guarded()
    logging = only(template, "AWS::WAFv2::LoggingConfiguration")
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    (kept,) = logging["LoggingFilter"]["Filters"]
    actions = {each["ActionCondition"]["Action"] for each in kept["Conditions"]}
    assert (kept["Behavior"], actions) == ("KEEP", {"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"})
    assert "LoggingFilter" not in only(guarded(logs="all"), "AWS::WAFv2::LoggingConfiguration")
    # WAF takes a log group of such a name only, and no ARN with an asterisk at its end.
    group = only(template, "AWS::Logs::LogGroup")
    assert group["LogGroupName"]["Fn::Join"][1][0] == "aws-waf-logs-Test-"
    assert group["RetentionInDays"] == 30
    assert "*" not in str(logging["LogDestinationConfigs"])


def test_a_group_that_is_left_behind_stands_in_no_later_stack_s_way() -> None:
    """AWS refuses a second group of a name: after a first deployment that fails, and after the stack was deleted."""
    (group,) = guarded().find_resources("AWS::Logs::LogGroup").values()
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    _, unique = group["Properties"]["LogGroupName"]["Fn::Join"][1]
    uuid = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert unique == {"Fn::Select": [0, {"Fn::Split": ["-", uuid]}]}

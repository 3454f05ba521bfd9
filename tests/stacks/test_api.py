"""Decisions of the Api stack."""

import pytest

from config.model import ChannelsConfig, MonitoringConfig, Route, Uses
from tests.stacks.composition import SERVICES, Given, composed, service


def test_tells_where_everything_is() -> None:
    told = composed().outputs("Api")
    assert told == {"ApiUrl", "LoadBalancerArn", "ClusterName", "WebServiceName", "OrderMailerServiceName"}


def test_all_services_run_on_one_cluster() -> None:
    """Container Insights and Prometheus look at a cluster as a whole."""
    made = composed()
    cluster = made.only("Api", "AWS::ECS::Cluster")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    assert len(made.found("Api", "AWS::ECS::Service")) == 2


def test_an_environment_may_do_without_container_insights() -> None:
    quiet = composed(Given(monitoring=MonitoringConfig(container_insights=False)))
    cluster = quiet.only("Api", "AWS::ECS::Cluster")
    assert cluster["ClusterSettings"] == [{"Name": "containerInsights", "Value": "disabled"}]


def test_all_services_run_one_image() -> None:
    """Each image of its own would be built and pushed with every deployment."""
    tasks = composed().found("Api", "AWS::ECS::TaskDefinition")
    assert len({str(task["ContainerDefinitions"][0]["Image"]) for task in tasks}) == 1


def test_containers_log_and_report_under_the_name_of_their_service() -> None:
    """The name leads from a metric or a line of a log to its place in config."""
    tasks = composed().found("Api", "AWS::ECS::TaskDefinition")
    names = {
        container["Name"]: {entry["Name"]: entry["Value"] for entry in container["Environment"]}[
            "POWERTOOLS_SERVICE_NAME"
        ]
        for task in tasks
        for container in task["ContainerDefinitions"]
    }
    assert names == {"Web": "web", "OrderMailer": "order-mailer"}


def test_only_services_with_a_route_stand_behind_the_load_balancer() -> None:
    made = composed()
    (group,) = made.found("Api", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert group["Port"] == 3001


def test_without_load_balancer_nothing_faces_the_internet() -> None:
    services = {name: it.model_copy(update={"route": None}) for name, it in SERVICES.items()}
    made = composed(Given(services=services, load_balancer=None))
    assert made.found("Api", "AWS::ElasticLoadBalancingV2::LoadBalancer") == []
    assert made.outputs("Api") == {"ClusterName", "WebServiceName", "OrderMailerServiceName"}
    assert '"0.0.0.0/0", "Description": "Allow from anyone' not in made.text("Api")
    assert "load_balancer" not in made.api.security_groups


def test_security_groups_are_exposed_by_name() -> None:
    assert set(composed().api.security_groups) == {"load_balancer", "web", "order-mailer"}


@pytest.mark.parametrize(("channels", "secrets"), [((), 0), (("email",), 0), (("telegram", "email"), 1)])
def test_a_secret_is_made_for_a_bot_that_someone_uses(channels: tuple[str, ...], secrets: int) -> None:
    """An unused secret costs by the month, and nobody knows what to put into it."""
    services = {"web": service(route=Route(), uses=Uses.model_validate({"channels": channels}))}
    made = composed(Given(services=services, channels=ChannelsConfig(email_sender="a@example.com")))
    assert len(made.found("Api", "AWS::SecretsManager::Secret")) == secrets
    assert ("TelegramSecretArn" in made.outputs("Api")) is bool(secrets)


def test_one_service_may_deliver_where_another_may_not() -> None:
    services = {
        "web": service(route=Route(), uses=Uses(channels=("email",))),
        "mailer": service(uses=Uses(channels=("telegram",))),
    }
    made = composed(Given(services=services, channels=ChannelsConfig(email_sender="a@example.com")))
    sending = [
        policy["Roles"][0]["Ref"]
        for policy in made.found("Api", "AWS::IAM::Policy")
        if "ses:SendEmail" in str(policy["PolicyDocument"])
    ]
    assert len(sending) == 1
    assert sending[0].startswith("WebTask")


def test_without_topic_there_are_no_alarms() -> None:
    assert len(composed().found("Api", "AWS::CloudWatch::Alarm")) == 1
    assert composed(Given(alarms=False)).found("Api", "AWS::CloudWatch::Alarm") == []

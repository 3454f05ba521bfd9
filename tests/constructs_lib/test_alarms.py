"""Decisions of alarms and their topic."""

from aws_cdk import assertions
from aws_cdk import aws_cloudwatch as cloudwatch

from constructs_lib.alarms import AlarmTopic, alarm
from tests.support.given import template_of


def test_cloudwatch_may_publish_to_the_encrypted_topic() -> None:
    """Both are needed: a topic policy replaces the default one, and the AWS-managed key shuts CloudWatch out."""
    template = template_of(lambda stack: AlarmTopic(stack, "Alarms"))
    service = {"Principal": {"Service": "cloudwatch.amazonaws.com"}, "Effect": "Allow"}
    template.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": {
                "Statement": assertions.Match.array_with(
                    [assertions.Match.object_like({**service, "Action": "sns:Publish"})]
                )
            }
        },
    )
    template.has_resource_properties(
        "AWS::KMS::Key",
        {
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Statement": assertions.Match.array_with(
                    [assertions.Match.object_like({**service, "Action": ["kms:Decrypt", "kms:GenerateDataKey"]})]
                )
            },
        },
    )
    (topic,) = template.find_resources("AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" in topic["Properties"]


def test_an_alarm_tells_of_its_end_too() -> None:
    def build(stack: object) -> None:
        topic = AlarmTopic(stack, "Alarms").topic  # type: ignore[arg-type]
        metric = cloudwatch.Metric(namespace="Test", metric_name="Faults")
        alarm(topic.stack, "Alarm", metric=metric, threshold=3, description="Too many faults", topic=topic)

    (made,) = template_of(build).find_resources("AWS::CloudWatch::Alarm").values()
    assert made["Properties"]["AlarmActions"] == made["Properties"]["OKActions"]
    assert made["Properties"]["Threshold"] == 3

"""What the acknowledgments say of systems, held against what the systems are."""

import pytest

from config.authentication import AuthenticationConfig
from gates.security.acknowledged import Acknowledgment, every, is_in, read_subjects
from tests.support.synth import all_environments, configuration, synthesize

ACKNOWLEDGED = every(read_subjects())


def whose_control_says(words: str, environment: str) -> list[Acknowledgment]:
    return [
        each
        for each in ACKNOWLEDGED
        if words in each.control and any(is_in(environment, pattern) for pattern in each.environments)
    ]


@pytest.mark.parametrize("names", all_environments(), ids="/".join)
def test_callers_are_held_to_a_rate_where_an_acknowledgment_says_so(names: tuple[str, str]) -> None:
    if whose_control_says("each caller to a rate", "/".join(names)):
        services = configuration(*names).services.values()
        assert [each for each in services if isinstance(each.authentication, AuthenticationConfig)]


def test_an_acknowledgment_says_so_somewhere() -> None:
    assert whose_control_says("each caller to a rate", "notifications/dev")


@pytest.mark.parametrize("names", [("notifications", "prod"), ("webapp", "prod")], ids="/".join)
def test_no_role_of_the_templates_names_the_bucket_of_access_logs(names: tuple[str, str]) -> None:
    assert whose_control_says("no role of the templates is permitted to", "/".join(names))
    assembly = synthesize(*names)
    (bucket,) = (place for place in assembly.resources("AWS::S3::Bucket") if "AccessLogs" in place)
    logical_id = bucket.partition("/")[2]
    kinds = ["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"]
    named = [place for kind in kinds for place, policy in assembly.resources(kind).items() if logical_id in str(policy)]
    assert named == []

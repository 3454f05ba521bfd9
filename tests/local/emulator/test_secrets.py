import json
import string
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError


@pytest.fixture(autouse=True)
def deleted(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete("generated")


def generated(cloud: Cloud, wanted: dict[str, Any]) -> str:
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": wanted}}
    arn = cloud.deploy("generated", {"Secret": secret}, {"Arn": {"Ref": "Secret"}})["Arn"]
    return str(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_a_generated_value_has_the_characters_that_are_asked_for(cloud: Cloud) -> None:
    value = generated(cloud, {"PasswordLength": 64, "ExcludePunctuation": True, "ExcludeCharacters": "abc"})
    assert len(value) == 64
    assert set(value) <= set(string.ascii_letters + string.digits) - set("abc")


def test_a_generated_value_takes_its_place_in_a_template(cloud: Cloud) -> None:
    wanted = {"SecretStringTemplate": '{"username": "ada"}', "GenerateStringKey": "token", "ExcludeNumbers": True}
    value = json.loads(generated(cloud, wanted))
    assert value["username"] == "ada"
    assert len(value["token"]) == 32
    assert not set(value["token"]) & set(string.digits)


def test_a_value_that_cannot_be_generated_is_refused(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="PasswordLength must be between 1 and 4096"):
        generated(cloud, {"PasswordLength": 5000})

"""Every override of the command line, and every provider, each beside a deployment without it."""

from functools import cache

import pytest

from config.load import OVERRIDES, load
from constructs_lib.providers import provider_for
from tests.matrix.rows import PROVIDERS
from tests.matrix.traces import Features, features
from tests.support.synth import CERTIFICATE_ARN, configuration, synthesize, synthesize_config

GIVEN = {
    "certificate_arn": CERTIFICATE_ARN,
    "telegram_base_url": "https://localhost:4580",
    "webhook_hosts_allowed_inside": "localhost:4580",
}


@cache
def without() -> Features:
    return features(synthesize("notifications", "dev"))


def test_no_override_is_left_out() -> None:
    assert GIVEN.keys() == OVERRIDES.keys()


@pytest.mark.parametrize("name", GIVEN)
def test_an_override_sets_its_field_and_leaves_a_trace(name: str) -> None:
    section, field = OVERRIDES[name]
    given = load("notifications", "dev", {name: GIVEN[name]})
    former, new = (
        getattr(getattr(config, section), field) for config in (configuration("notifications", "dev"), given)
    )
    assert _written(new) == GIVEN[name] != _written(former)
    assert features(synthesize_config(given)) != without()


def _written(value: object) -> str:
    """A value as it is given on the command line."""
    return ",".join(value) if isinstance(value, tuple) else str(value).rstrip("/")


def test_every_provider_leaves_a_trace() -> None:
    assert {provider_for(name).name for name in PROVIDERS} == {"aws", "local"}
    assert features(synthesize("notifications", "dev", "local")) != without()

"""What is past its end of support is refused with its reason; what soon will be is told."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_rds as rds

from config import end_of_life
from config.end_of_life import Calendar, Use, lifetime_of, lifetimes, past, soon, uses
from config.load import load_on
from config.model import BrokerConfig, CacheConfig, SearchConfig, SystemConfig
from config.offers import AURORA_VERSIONS, POSTGRES_VERSIONS, SEARCH_VERSIONS
from config.problems import ConfigError
from config.rules.data import CACHE_VERSIONS
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from tests.config.given import offer, written
from tests.config.test_modules import MODULE

TODAY = Calendar(today="2026-11-21", soon="2027-05-20")
BROKER = 'load_balancer=BALANCER, broker=BrokerConfig(engine_version="4.2", instance_type="mq.m7g.medium")'
DATABASE = (
    'load_balancer=BALANCER, databases={"pages": InstanceConfig(name="pages", schema_name="pages", '
    'engine_version="18.4", backup_retention_days=7)}'
)


def told(folder: Path, *changes: tuple[str, str], today: Calendar = TODAY) -> list[str]:
    """What is said of a module that a person has written, some of its text changed."""
    text = MODULE
    for former, new in changes:
        assert former in text
        text = text.replace(former, new)
    with written(folder, text) as system, pytest.raises(ConfigError) as refused:
        load_on(today, system, "dev")
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("given", "former", "new", "line"),
    [
        (
            BROKER,
            '"4.2"',
            '"3.9.16"',
            r"broker\.engine_version = '3\.9\.16': RabbitMQ 3\.9 on Amazon MQ: end of standard support 2024-09-16 "
            r"\(https://docs\.aws\.amazon\.com/\S+\); take 4\.2; .*'3\.13' or '4\.2'",
        ),
        (
            DATABASE,
            '"18.4"',
            '"15.3"',
            r"databases\.\*\.engine_version .*= '15\.3': PostgreSQL 15\.3 on RDS: AWS's calendar does not list it "
            r"\(https://docs\.aws\.amazon\.com/\S+\); take 18\.4; .*",
        ),
        (
            DATABASE,
            '"18.4"',
            '"17.6"',
            r"databases\.pages\.engine_version = '17\.6': PostgreSQL 17\.6 on RDS: end of standard support 2026-10-31 "
            r"\(https://\S+\); take 17\.10",
        ),
        (
            BROKER,
            '"mq.m7g.medium"',
            '"mq.t3.medium"',
            r"broker\.instance_type = 'mq\.t3\.medium': not offered with RabbitMQ 4\.2; allowed: mq\.m7g\.medium, .*; "
            r"mq\.t3\.medium of Amazon MQ: it never existed: .* \(https://\S+\); take mq\.m7g\.medium",
        ),
        (
            BROKER,
            '"mq.m7g.medium"',
            '"mq.t3.micro"',
            r"broker\.instance_type = 'mq\.t3\.micro': not offered .*; mq\.t3\.micro of Amazon MQ: RabbitMQ 4\.2 runs "
            r"on mq\.m7g only \(https://\S+\); take mq\.m7g\.medium",
        ),
    ],
)
def test_what_has_ended_is_refused_with_its_reason(
    given: str, former: str, new: str, line: str, tmp_path: Path
) -> None:
    found = told(tmp_path, ("load_balancer=BALANCER", given), (former, new))
    assert [each for each in found if re.fullmatch(line.replace(r"\.\*\.", r"\.(\*|pages)\."), each)], found


def older() -> SystemConfig:
    """A system on the version of PostgreSQL before the present one."""
    config = ecommerce()
    databases = {
        key: database.model_copy(update={"engine_version": "18.3"}) for key, database in config.databases.items()
    }
    return config.model_copy(update={"databases": databases})


def test_what_has_ended_comes_with_all_other_faults(tmp_path: Path) -> None:
    found = told(tmp_path, ("load_balancer=BALANCER", DATABASE), ('"18.4"', '"17.6"'), ("zones=2", "zones=4"))
    assert [line.partition(" = ")[0] for line in found] == ["network.zones", "databases.pages.engine_version"]


def test_every_use_past_its_end_is_told() -> None:
    config = older().model_copy(
        update={
            "cache": CacheConfig(engine="redis", engine_version="6.2"),
            "search": SearchConfig(engine_version="2.9"),
        }
    )
    late = Calendar(today="2028-03-01", soon="2028-08-28")
    assert [problem.field for problem in past(uses(config), late)] == [
        *(f"databases.{name}.engine_version" for name in config.databases),
        "cache.engine_version",
        "search.engine_version",
    ]


@pytest.mark.parametrize(
    ("today", "until", "refused", "warned"),
    [
        ("2026-10-01", "2027-03-30", 0, 0),
        ("2026-10-02", "2027-03-31", 0, 1),
        ("2027-03-31", "2027-09-27", 0, 1),
        ("2027-04-01", "2027-09-28", 7, 0),
    ],
)
def test_the_last_day_is_a_day_of_support(today: str, until: str, refused: int, warned: int) -> None:
    calendar = Calendar(today=today, soon=until)
    used = [use for use in uses(older()) if use.product == "rds-postgresql"]
    assert len(past(used, calendar)) == refused
    assert len(soon(used, calendar)) == warned


def test_a_version_is_warned_of_once_with_the_places_that_use_it() -> None:
    (warning,) = soon([use for use in uses(older()) if use.product == "rds-postgresql"], TODAY)
    assert str(warning).startswith("databases.user.engine_version and 6 more = '18.3': PostgreSQL 18.3 on RDS: end of ")
    assert warning.allowed.endswith("; take 18.4")


def test_a_deployment_loads_what_has_support(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, {"dev": notifications})
    assert load_on(TODAY, "notifications", "dev").system == "notifications"
    with pytest.raises(ConfigError, match=r"notifications\.engine_version = '18\.4': Aurora PostgreSQL 18\.4: end of"):
        load_on(Calendar(today="2028-01-01", soon="2028-06-29"), "notifications", "dev")


@pytest.mark.parametrize(
    ("product", "version", "of"),
    [
        ("amazon-mq-rabbitmq", "3.9.16", "3.9"),
        ("rds-postgresql", "16.9", "16.9"),
        ("rds-postgresql", "18.9", "18"),
        ("rds-postgresql", "1", None),
        ("lambda", "nodejs20.x", "nodejs20.x"),
        ("nothing", "1", None),
    ],
)
def test_a_version_is_found_by_its_longest_beginning(product: str, version: str, of: str | None) -> None:
    found = lifetime_of(product, version)
    assert (found.version if found else None) == of


def data() -> dict[str, Any]:
    return tomllib.loads(Path(end_of_life.__file__).with_suffix(".toml").read_text())


@pytest.mark.parametrize(("product", "version"), lifetimes())
def test_of_each_version_one_thing_is_said_with_its_source(product: str, version: str) -> None:
    said = data()[product]["versions"][version]
    assert len(said.keys() & {"end", "gone", "open"}) == 1
    assert said.keys() <= {"end", "gone", "open", "source", "take"}
    found = lifetimes()[product, version]
    assert found.source.startswith("https://")
    assert found.end is None or re.fullmatch(r"20\d\d-\d\d-\d\d", found.end)


@pytest.mark.parametrize("lifetime", lifetimes().values(), ids=lambda it: f"{it.product}-{it.version}")
def test_what_to_take_has_support_for_longer(lifetime: end_of_life.Lifetime) -> None:
    """The successor of what has ended must not have ended itself, nor be refused by the configuration."""
    if lifetime.gone is None and (lifetime.end is None or lifetime.end >= TODAY.soon):
        return
    assert past([Use(field="x", product=lifetime.product, version=lifetime.take)], TODAY) == []
    offered = {
        "rds-postgresql": POSTGRES_VERSIONS,
        "aurora-postgresql": AURORA_VERSIONS,
        "opensearch": SEARCH_VERSIONS,
        "redis": CACHE_VERSIONS["redis"],
        "amazon-mq-rabbitmq": ("3.13", "4.2"),
    }
    if lifetime.product in offered:
        assert lifetime.take in offered[lifetime.product]


@pytest.mark.parametrize(
    ("known_to_the_cdk", "product"),
    [(rds.PostgresEngineVersion, "rds-postgresql"), (rds.AuroraPostgresEngineVersion, "aurora-postgresql")],
)
def test_what_the_cdk_calls_unsupported_has_ended(known_to_the_cdk: type, product: str) -> None:
    """The CDK marks constants of versions that AWS supports no more; which they are, their docstrings say."""
    source = Path(rds.__file__).read_text()
    start = source.index(f"class {known_to_the_cdk.__name__}(")
    body = source[start : source.index("\n@jsii", start)]
    gone = re.findall(r"def VER_(1[678])_(\d+)\(cls\)[^\n]*\n\s+'''\(deprecated\)", body)
    assert len(gone) > 5
    used = [Use(field="x", product=product, version=".".join(version)) for version in gone]
    assert {problem.value for problem in past(used, TODAY)} == {use.version for use in used}


@pytest.mark.parametrize(
    ("product", "versions"),
    [
        ("rds-postgresql", POSTGRES_VERSIONS),
        ("aurora-postgresql", AURORA_VERSIONS),
        ("opensearch", SEARCH_VERSIONS),
        ("valkey", CACHE_VERSIONS["valkey"]),
        ("redis", CACHE_VERSIONS["redis"]),
        ("amazon-mq-rabbitmq", ("3.13", "4.2")),
    ],
)
def test_of_every_version_that_a_configuration_may_choose_the_end_is_known(
    product: str, versions: tuple[str, ...]
) -> None:
    assert [version for version in versions if lifetime_of(product, version) is None] == []


def test_every_version_of_a_broker_is_looked_at() -> None:
    annotation = BrokerConfig.model_fields["engine_version"].annotation
    assert getattr(annotation, "__args__", ()) == ("3.13", "4.2")

"""The restore drill, on databases of a real emulator."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from local.cli import main
from local.drill import run
from local.drill.databases import Account, Database
from local.drill.failures import delete_rows, kill_instance, restore_dump
from local.drill.results import Losses, Result, losses
from local.drill.writer import Row, numbers, table
from local.emulator.databases.postgres import RECOVERY_TIMEOUT_SECONDS
from local.errors import LocalError
from local.processes import MARK
from local.settings import DIRECTORY_VARIABLE, PORT_VARIABLE, Settings
from local.state import Deployment, StackState, State
from services import migrations
from tests.local.databases import CODE, RESOURCES, STACK, code
from tests.local.emulator.cloud import Cloud, running


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixtures connect as the drill does, and none of these tests is about how soon a busy server answers."""
    monkeypatch.setattr("local.drill.databases._CONNECT_SECONDS", 30)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator whose processes carry the mark by which the drill finds them."""
    data = tmp_path_factory.mktemp("cloud") / "data"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(MARK, str(data))
        with running(data) as cloud:
            cloud.client("s3").create_bucket(Bucket=CODE)
            cloud.client("s3").put_object(Bucket=CODE, Key="backups.zip", Body=code())
            cloud.deploy(STACK, RESOURCES)
            yield cloud


@pytest.fixture
def settings(cloud: Cloud) -> Settings:
    return Settings(directory=cloud.data, port=cloud.port)


@pytest.fixture
def account(settings: Settings) -> Account:
    return Account(settings)


@pytest.fixture(params=["Pages", "Orders"])
def database(account: Account, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Each of the two, with an application's table in it that must come to no harm."""
    (found,) = (each for each in account.databases([STACK]) if each.logical_id == request.param)
    with found.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS mine")
        connection.execute("CREATE TABLE mine AS SELECT generate_series(1, 100) AS id")
    with table(found):
        yield found
    with found.connect() as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (100,)
        assert connection.execute("SELECT to_regnamespace('restore_drill')").fetchone() == (None,)


def test_databases_are_found_among_the_resources(cloud: Cloud, account: Account) -> None:
    found = {each.logical_id: each for each in account.databases([STACK])}
    assert set(found) == {"Pages", "Orders"}
    assert (found["Pages"].name, found["Orders"].name) == ("pages", "orders")
    assert (found["Pages"].is_cluster, found["Orders"].is_cluster) == (False, True)
    assert found["Pages"].dump_function == resource(cloud, "Dump")
    assert found["Orders"].dump_function is None


def test_a_restore_may_take_as_long_as_the_cloud_lets_it_and_is_asked_for_once(account: Account) -> None:
    # A second one would be refused: the copy exists while the first is under way.
    config: Any = account.rds.meta.config
    assert config.read_timeout > RECOVERY_TIMEOUT_SECONDS
    assert config.retries["total_max_attempts"] == 1


def test_deleted_rows_come_back(account: Account, database: Database) -> None:
    before = identifiers(account)
    result = delete_rows(account, database)
    assert result.confirmed_rows > 10
    assert (result.lost_rows, result.rpo_seconds) == (0, 0)
    assert result.rto_seconds is not None
    assert 0 < result.rto_seconds < 120
    assert result.met
    # The copy is gone, and the accident has happened where it was meant to.
    assert identifiers(account) == before
    with database.connect() as connection:
        assert 1 not in numbers(connection)


def test_a_killed_server_comes_back_with_everything_it_had_confirmed(settings: Settings, database: Database) -> None:
    with database.connect() as bystander:
        result = kill_instance(settings, database)
        with pytest.raises(psycopg.OperationalError):
            bystander.execute("SELECT 1")
    assert result.confirmed_rows > 10
    assert (result.lost_rows, result.rpo_seconds) == (0, 0)
    assert result.rto_seconds is not None
    assert 0 < result.rto_seconds < 120


def identifiers(account: Account) -> set[str]:
    instances = account.rds.describe_db_instances()["DBInstances"]
    clusters = account.rds.describe_db_clusters()["DBClusters"]
    return {each["DBInstanceIdentifier"] for each in instances} | {each["DBClusterIdentifier"] for each in clusters}


def resource(cloud: Cloud, logical_id: str) -> str:
    described = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    identifier: str = described["StackResourceDetail"]["PhysicalResourceId"]
    return identifier


@pytest.fixture
def dumped(account: Account) -> Iterator[Database]:
    """The database that has a function for dumps, with the schema that it restores."""
    (found,) = (each for each in account.databases([STACK]) if each.dump_function)
    with found.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    migrations.apply(found.connect(), "notifications")
    with found.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body)"
            " SELECT gen_random_uuid(), 'sms', '+41000000000', 'x' FROM generate_series(1, 50)"
        )
    yield found
    with found.connect() as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname ~ 'drill|proof'").fetchall()
    assert names == []


def test_the_logical_dump_is_restored_beside_the_database(settings: Settings, dumped: Database) -> None:
    result = restore_dump(settings, dumped)
    assert result.rto_seconds is not None
    assert 0 < result.rto_seconds < 120
    assert result.rpo_seconds > 0
    assert (result.confirmed_rows, result.lost_rows) == (50, 0)


def test_a_dump_that_fails_is_told(settings: Settings, dumped: Database) -> None:
    with dumped.connect() as connection:
        connection.execute("CREATE TABLE by_hand (id integer)")
    with pytest.raises(LocalError, match=r"failed with .*table by_hand is not made by the migrations.*make logs"):
        restore_dump(settings, dumped)


def deploy(settings: Settings, *, system: str = "shop") -> None:
    """What `up` writes down."""
    stack = StackState(stack_name=STACK, status="CREATE_COMPLETE", seconds=1)
    deployment = Deployment(system=system, env="dev", api_url=None, stacks={"Database": stack})
    State(
        endpoint_url=settings.endpoint_url,
        ca_bundle=str(settings.ca_bundle),
        receiver_url=settings.receiver_url,
        region=settings.region,
        account=settings.account,
        provider="local",
        deployments={deployment.name: deployment},
    ).save(settings)


def printed(settings: Settings, system: str = "shop") -> tuple[bool, str]:
    output = StringIO()
    met = run.drill(settings, Console(file=output, width=200), system=system, env="dev")
    return met, output.getvalue()


@pytest.mark.usefixtures("dumped")
def test_the_whole_drill_prints_measured_and_computed_figures(settings: Settings) -> None:
    deploy(settings)
    met, output = printed(settings)
    assert met, output
    report = [" ".join(line.split()) for line in output.splitlines()]
    report = report[report.index("") :]
    assert [line for line in report if line.startswith(STACK)] == [f"{STACK}/Orders", f"{STACK}/Pages"]
    # Computed from the deployed template: 10 min for a single writer, 30 min for a single instance's host.
    figures = [line[line.index("met ") :] for line in report if " met " in line]
    assert figures == ["met 50 min, 1 s", "met 10 min, 0 s", "met 50 min, 1 s", "met -", "met 30 min, 0 s"]
    assert "targets: RTO below 60 min, RPO below 5 min, no confirmed row lost" in report


def test_a_system_that_is_not_deployed_is_told(settings: Settings) -> None:
    deploy(settings, system="other")
    with pytest.raises(
        LocalError, match="shop dev is not deployed here, other dev is; type: make up SYSTEM=shop ENV=dev"
    ):
        printed(settings)


def test_without_a_cloud_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no cloud runs here; type: make up SYSTEM=shop ENV=dev"):
        printed(Settings(directory=tmp_path))


def test_losses_are_counted_from_the_first_lost_row() -> None:
    confirmed = [Row(1, 10.0), Row(2, 11.0), Row(3, 12.0), Row(4, 15.0)]
    # The fourth was confirmed after the failure.
    assert losses(confirmed, {1, 2, 3}, failed_at=13.0) == Losses(confirmed=3, lost=0, seconds=0)
    assert losses(confirmed, {1}, failed_at=13.0) == Losses(confirmed=3, lost=2, seconds=2.0)


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, True),
        ({"rto_seconds": 3600.0}, False),
        ({"rto_seconds": None}, False),
        ({"rpo_seconds": 300.0}, False),
        ({"rpo_seconds": 300.0, "judged_rpo": False}, True),
        ({"lost_rows": 1}, False),
    ],
)
def test_what_counts_as_met(changes: dict[str, Any], *, met: bool) -> None:
    database = Database(
        stack="s", logical_id="l", identifier="i", is_cluster=False, host="h", port=1, name="n", user="u", password="p"
    )
    result: dict[str, Any] = {
        "database": database,
        "failure": "x",
        "computed_as": None,
        "rto_seconds": 1.0,
        "rpo_seconds": 0.0,
        "confirmed_rows": 10,
        "lost_rows": 0,
        **changes,
    }
    assert Result(**result).met is met


def test_the_command_fails_when_a_target_is_missed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(settings.directory))
    monkeypatch.setenv(PORT_VARIABLE, str(settings.port))
    for outcome, exit_code in ((True, 0), (False, 1)):
        monkeypatch.setattr(run, "drill", lambda *_, outcome=outcome, **__: outcome)
        assert main(["drill", "--system", "shop"]) == exit_code

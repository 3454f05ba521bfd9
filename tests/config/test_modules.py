"""What is said of a module of the configuration that a person has written with slips in it."""

from pathlib import Path

import pytest

from config.load import environments_of, load
from config.model import SystemConfig
from config.problems import ConfigError
from config.systems.notifications.dev import dev
from tests.config.given import offer, written

MODULE = """
from config.model import *

SIZES = {"cpu_units": 256, "memory_mib": 512, "min_tasks": 1, "max_tasks": 2}; COST = Without(reason="costs nothing")
BALANCER = LoadBalancerConfig(); USES = Uses(); OPEN = Without(reason="everybody may read these pages")

def dev():
    network = NetworkConfig(cidr="10.9.0.0/16", zones=2, nat=Nat.GATEWAY)
    services = {"web": ServiceConfig(program="web", uses=USES, route=Route(), port=3000, authentication=OPEN, **SIZES)}
    return SystemConfig(
        system="written", environment="dev", owner="me", cost_center="mine", lifecycle=Lifecycle.DESTROY, cost=COST,
        network=network, services=services, load_balancer=BALANCER, monitoring=Without(reason="only a test of tests"),
    )

ENVIRONMENTS = {"dev": dev}
"""


def told(folder: Path, *changes: tuple[str, str], overrides: dict[str, str] | None = None) -> str:
    """Load the module with some of its text changed, and return what is said of it."""
    text = MODULE
    for former, new in changes:
        assert former in text
        text = text.replace(former, new)
    with written(folder, text) as system, pytest.raises(ConfigError) as refused:
        load(system, "dev", overrides)
    return str(refused.value)


def test_the_module_itself_is_without_fault(tmp_path: Path) -> None:
    with written(tmp_path, MODULE) as system:
        assert load(system, "dev").system == "written"


@pytest.mark.parametrize(
    ("former", "new", "line"),
    [
        ('system="written", environment="dev"', 'system="webapp", environment="dev"', "system = 'webapp': "),
        ('system="written", environment="dev"', 'system="written", environment="prod"', "environment = 'prod': "),
    ],
)
def test_a_module_that_calls_itself_by_another_name_is_refused(
    former: str, new: str, line: str, tmp_path: Path
) -> None:
    """Stacks are called by these names: a copied module would change those of what it was copied from."""
    (found,) = [each for each in told(tmp_path, (former, new)).splitlines() if line in each]
    allowed = "written" if line.startswith("system") else "dev"
    assert found.endswith(f"written/dev is asked for, and stacks are called by this; allowed: {allowed}")


def test_a_name_with_an_underscore_stands_for_one_with_a_hyphen(tmp_path: Path) -> None:
    """A module's name takes no hyphen, and a stack's name takes no underscore."""
    with written(tmp_path, MODULE.replace('system="written"', 'system="order-desk"'), "order_desk") as system:
        assert load(system, "dev").system == "order-desk"


def test_faults_of_all_sections_come_together(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        ("zones=2", "zones=4"),
        ("port=3000", "port=1"),
        ("LoadBalancerConfig()", 'LoadBalancerConfig(certificate_arn="mine")'),
        ('owner="me"', 'owner="a;b"'),
        ('"only a test of tests"', '"short"'),
        ('environment="dev"', 'environment="stage"'),
    )
    assert sorted(line.strip().partition(" = ")[0] for line in found.splitlines()[1:]) == [
        "environment",
        "load_balancer.certificate_arn",
        "monitoring.reason",
        "network.zones",
        "owner",
        "services.web.port",
    ]
    assert "services.web.port = 1: out of range; allowed: 1024 to 65535" in found


def test_a_fault_and_a_slip_come_together(tmp_path: Path) -> None:
    found = told(tmp_path, ("zones=2", "zones=4"), ("route=Route()", "route=Ruote()"))
    assert "network.zones = 4: out of range; allowed: 2 to 3" in found
    assert "written.py, line 9: NameError: name 'Ruote' is not defined" in found


def test_what_only_follows_from_a_fault_is_not_told(tmp_path: Path) -> None:
    found = told(tmp_path, ("zones=2, ", ""), ("services = {", "assert network.zones > 1\n    services = {"))
    assert [line.strip() for line in found.splitlines()[1:]] == ["network.zones: is missing: give it a value"]


def test_a_fault_of_a_section_without_a_place_is_told_by_its_line(tmp_path: Path) -> None:
    found = told(tmp_path, ("port=3000", "port=1"), ("    return SystemConfig(", "    1 / 0\n    return SystemConfig("))
    assert "services.*.port (" in found
    assert "written.py, line 9) = 1: out of range" in found


def test_an_override_is_told_with_the_rest(tmp_path: Path) -> None:
    found = told(tmp_path, ("zones=2", "zones=4"), overrides={"certificate_arn": "example.com"})
    assert "network.zones = 4" in found
    assert "load_balancer.certificate_arn = 'example.com': not the ARN" in found


def test_a_refused_module_is_read_anew(tmp_path: Path) -> None:
    """Its constants are made once, when it is read: what was refused then must not be there at the next attempt."""
    with written(tmp_path, MODULE.replace("LoadBalancerConfig()", 'LoadBalancerConfig(certificate_arn="x")')) as system:
        for _ in range(2):
            with pytest.raises(ConfigError, match=r"load_balancer\.certificate_arn = 'x'"):
                load(system, "dev")
        with pytest.raises(ConfigError, match=r"load_balancer\.certificate_arn = 'x'"):
            environments_of(system)


def test_a_copy_changed_afterwards_is_looked_at() -> None:
    def make() -> SystemConfig:
        config = dev()
        api = config.services["api"].model_copy(update={"port": 1})
        return config.model_copy(update={"services": {"api": api}})

    with pytest.MonkeyPatch.context() as monkeypatch:
        offer(monkeypatch, {"dev": make})
        with pytest.raises(ConfigError, match=r"services\.api\.port = 1: out of range; allowed: 1024 to 65535"):
            load("notifications", "dev")


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("{}['size']", "KeyError: 'size'"),
        ("int('two')", "ValueError: invalid literal"),
        ("1 // 0", "ZeroDivisionError: "),
        ("open('/nowhere')", "FileNotFoundError: "),
        ("[][1]", "IndexError: "),
        ("dev.network", "AttributeError: "),
        ("(_ for _ in ()).throw(RuntimeError)", "RuntimeError: nothing more is said"),
    ],
)
def test_a_slip_is_told_by_its_line(slip: str, said: str, tmp_path: Path) -> None:
    made = told(tmp_path, ("    network = ", f"    {slip}\n    network = "))
    assert f"{tmp_path}/written.py, line 8: {said}" in made
    read = told(tmp_path, ("\nENVIRONMENTS", f"\n{slip}\nENVIRONMENTS"))
    assert f"{tmp_path}/written.py, line 15: {said}" in read


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        ("", "ENVIRONMENTS = None: allowed: a mapping from names to functions"),
        ("ENVIRONMENTS = None", "ENVIRONMENTS = None: allowed: a mapping from names to functions"),
        ("ENVIRONMENTS = {}", "ENVIRONMENTS = {}: allowed: a mapping from names to functions"),
        ("ENVIRONMENTS = {'dev': 3}", "ENVIRONMENTS['dev'] = 3: allowed: a function that returns the SystemConfig"),
        ("ENVIRONMENTS = {'dev': lambda size: dev()}", "TypeError: <lambda>() missing 1 required positional argument"),
        ("ENVIRONMENTS = {'dev': lambda: 3}", "ENVIRONMENTS['dev']() = 3: is no SystemConfig: return one"),
    ],
)
def test_environments_are_told_by_the_module_that_lacks_them(offered: str, said: str, tmp_path: Path) -> None:
    found = told(tmp_path, ('ENVIRONMENTS = {"dev": dev}', offered))
    assert said in found
    assert "load.py" not in found
    assert "written" in found.partition("\n")[2]


@pytest.mark.parametrize(
    ("former", "new", "line"),
    [
        (
            '"web": ',
            '"We b": ',
            "services = 'We b': not a name; allowed: small letters and digits, with single hyphens",
        ),
        ("network=network", "network=None", "network = None: allowed: a NetworkConfig"),
        (
            'Without(reason="only a test of tests")',
            "None",
            "monitoring = None: allowed: a MonitoringConfig or a Without",
        ),
    ],
)
def test_what_may_stand_in_a_place_is_told_once(former: str, new: str, line: str, tmp_path: Path) -> None:
    (found,) = told(tmp_path, (former, new)).splitlines()[1:]
    assert found.strip().startswith(line)

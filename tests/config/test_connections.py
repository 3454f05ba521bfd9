"""How many connections a database takes: what AWS publishes, and what servers have been seen to show."""

import pytest

from config.connections import aurora_connections, instance_connections


@pytest.mark.parametrize(
    ("min_acu", "max_acu", "published"),
    [(1, 1, 189), (1, 4, 823), (1, 8, 1669), (1, 16, 3360), (1, 32, 5000), (1, 256, 5000)],
)
def test_a_cluster_takes_what_aws_publishes(min_acu: float, max_acu: float, published: int) -> None:
    assert aurora_connections(min_acu, max_acu) == published


@pytest.mark.parametrize("min_acu", [0, 0.5])
def test_a_cluster_that_can_be_small_takes_two_thousand_at_most(min_acu: float) -> None:
    assert aurora_connections(min_acu, 16) == 2000
    assert aurora_connections(min_acu, 8) == 1669


@pytest.mark.parametrize(
    ("instance_type", "seen"),
    [("db.t3.micro", 81), ("db.t4g.small", 181), ("db.m7g.large", 832), ("db.r7g.2xlarge", 5000)],
)
def test_an_instance_takes_about_what_servers_show(instance_type: str, seen: int) -> None:
    """By the class's whole memory it would be a quarter more, and the alarm would wait for what cannot happen."""
    assert instance_connections(instance_type) == pytest.approx(seen, rel=0.05)


def test_memory_optimized_classes_take_twice_as_many() -> None:
    assert instance_connections("db.r7g.large") == instance_connections("db.m7g.xlarge")


@pytest.mark.parametrize("instance_type", ["db.x2g.large", "db.t3.gigantic", "db.m7g.3xlarge"])
def test_an_unknown_class_is_told_with_what_is_known(instance_type: str) -> None:
    with pytest.raises(ValueError, match=r"begins with one of t, m, r, and one of the sizes micro, small"):
        instance_connections(instance_type)

from tests.e2e.cloud import DeployedCloud, unique


def test_up_shows_page_dump_and_metrics(cloud: DeployedCloud) -> None:
    shown = [line.split()[:2] for line in cloud.printed.splitlines()]
    for expected in (["page", "served"], ["dump", "proven"], ["prometheus", "scrapes"]):
        assert expected in shown


def test_a_page_is_written_read_and_replaced(cloud: DeployedCloud) -> None:
    path = f"/pages/{unique()}"
    assert cloud.read(path).status == 404
    assert cloud.request(path, {"title": "One", "body": "first"}, method="PUT").status == 201
    assert cloud.request(path, {"title": "Two", "body": "second"}, method="PUT").status == 200
    assert cloud.get(path).items() >= {"title": "Two", "body": "second"}.items()


def test_what_no_rule_names_is_answered_by_the_load_balancer_alone(cloud: DeployedCloud) -> None:
    answer = cloud.read("/anything")
    assert (answer.status, answer.content) == (200, b"OK")

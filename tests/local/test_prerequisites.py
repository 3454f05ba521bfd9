from pathlib import Path

import pytest

from local.cloud_assembly import Assembly, Stack
from local.errors import LocalError
from local.prerequisites import require_programs, stand_ins


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing is installed."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)


def assembly(tmp_path: Path, *types: str, dockerfile: str = "FROM x\n") -> Assembly:
    resources = ", ".join(f'"R{number}": {{"Type": "{kind}"}}' for number, kind in enumerate(types))
    template, image = tmp_path / "template.json", tmp_path / "metrics.Dockerfile"
    template.write_text(f'{{"Resources": {{{resources}}}}}')
    image.write_text(dockerfile)
    stack = Stack(id="Cache", name="t-cache", template=template)
    return Assembly(stacks=(stack,), dockerfiles=frozenset({image}))


@pytest.mark.usefixtures("bare_machine")
def test_each_missing_program_has_a_line_that_says_what_to_type(tmp_path: Path) -> None:
    types = ("AWS::AmazonMQ::Broker", "AWS::ElastiCache::ReplicationGroup", "AWS::SQS::Queue")
    dockerfile = "FROM x\nCOPY --from=prom/prometheus:v3 /bin/prometheus /usr/local/bin/\n"
    with pytest.raises(LocalError) as error:
        require_programs(assembly(tmp_path, *types, dockerfile=dockerfile))
    first, *lines = str(error.value).splitlines()
    assert first == "nothing was deployed, because this machine lacks programs:"
    for package in ("rabbitmq-server", "redis-server", "prometheus"):
        assert any(line.endswith(f"type: sudo apt-get install {package}") for line in lines)
    assert "  the image of metrics.Dockerfile needs prometheus; type: sudo apt-get install prometheus" in lines


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM x AS y\nRUN make /bin/prometheus\nFROM z\nCOPY --from=y /bin/prometheus /bin/\n",
        "FROM x\nCOPY --from=certificates /etc/ssl/certs/all.pem /etc/\n",
        "FROM x\nCOPY bin/tool /bin/tool\n",
    ],
)
def test_what_is_no_program_of_another_image_need_not_be_installed(tmp_path: Path, dockerfile: str) -> None:
    require_programs(assembly(tmp_path, "AWS::SQS::Queue", dockerfile=dockerfile))


@pytest.mark.usefixtures("bare_machine")
def test_a_program_that_no_known_package_has_must_be_in_the_path(tmp_path: Path) -> None:
    dockerfile = "FROM x\nCOPY --from=tools /usr/bin/whisper /usr/bin/whisper\n"
    with pytest.raises(LocalError, match=r"metrics\.Dockerfile needs whisper; put it into the PATH"):
        require_programs(assembly(tmp_path, dockerfile=dockerfile))


def test_an_installed_program_is_no_obstacle(tmp_path: Path) -> None:
    require_programs(assembly(tmp_path, dockerfile="FROM x\nCOPY --from=shell /bin/sh /bin/sh\n"))


def test_a_search_domain_is_known_to_have_no_engine() -> None:
    (sentence,) = stand_ins(frozenset({"AWS::OpenSearchService::Domain", "AWS::SQS::Queue"}))
    assert sentence.startswith("no OpenSearch engine is at hand")
    assert stand_ins(frozenset({"AWS::SQS::Queue"})) == []

import io
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local import images
from local.image_store import ImageStore, parse_reference
from local.settings import ROOT, Settings
from local.tools import install_tools

SERVICE = """\
# syntax=docker/dockerfile:1
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS dependencies
COPY requirements.lock /tmp/requirements.lock
RUN pip install --require-hashes \\
    # a comment between continued lines
    -r /tmp/requirements.lock --target /packages

FROM python:${PYTHON}-slim
ENV PYTHONUNBUFFERED=1 GREETING="hello world"
WORKDIR /app
COPY --from=dependencies /packages /packages
COPY --chown=10001:10001 . services/
USER 10001
EXPOSE 3000
HEALTHCHECK --interval=5s CMD ["true"]
ENTRYPOINT ["python"]
CMD ["-m", "services.api"]
"""


class Docker:
    """The stand-in, called as the CDK CLI calls it."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "images"
        self.context = folder / "context"
        self.context.mkdir()

    def __call__(self, *arguments: str) -> int:
        return images.main(["--store", str(self.store), *arguments])

    def write(self, files: Mapping[str, str]) -> None:
        for name, content in files.items():
            path = self.context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def build(self, dockerfile: str, *flags: str, tag: str = "cdkasset-1") -> int:
        self.write({"Dockerfile": dockerfile})
        file = str(self.context / "Dockerfile")
        return self("build", "--tag", tag, "--platform", "linux/arm64", "--file", file, *flags, str(self.context))

    def image(self, tag: str = "cdkasset-1") -> dict[str, Any]:
        return ImageStore(self.store).describe(parse_reference(tag))

    def files(self, tag: str = "cdkasset-1") -> set[str]:
        reference = parse_reference(tag)
        rootfs = self.store / reference.repository / reference.tag / "rootfs"
        return {f"/{path.relative_to(rootfs)}" for path in rootfs.rglob("*") if path.is_file()}


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def test_a_service_gets_its_files_and_how_to_start(docker: Docker) -> None:
    docker.write({"api.py": "run()", "channels/sms.py": "", "requirements.lock": "x"})
    assert docker.build(SERVICE) == 0
    assert docker.files() == {
        "/app/services/api.py",
        "/app/services/channels/sms.py",
        "/app/services/requirements.lock",
        "/app/services/Dockerfile",
    }
    image = docker.image()
    assert image["workdir"] == "/app"
    assert image["entrypoint"] == ["python"]
    assert image["command"] == ["-m", "services.api"]
    assert image["environment"] == {"PYTHONUNBUFFERED": "1", "GREETING": "hello world"}
    assert image["user"] == "10001"
    assert image["base"] == "python:3.13-slim"


@pytest.mark.parametrize(("file", "program"), [("Dockerfile", "api"), ("prometheus.Dockerfile", "prometheus")])
def test_the_repository_s_own_images_can_be_built(docker: Docker, file: str, program: str) -> None:
    context = ROOT / "services"
    assert docker("build", "--tag", "cdkasset-own", "--file", str(context / file), str(context)) == 0
    assert f"/app/services/{program}/__main__.py" in docker.files("cdkasset-own")
    assert docker.image("cdkasset-own")["command"] == ["python", "-m", f"services.{program}"]


def test_two_dockerfiles_of_one_context_make_two_images(docker: Docker) -> None:
    docker.write({"a.txt": "a", "one.Dockerfile": 'FROM x\nCMD ["one"]\n', "two.Dockerfile": "FROM y\nCOPY a.txt /\n"})
    for name in ("one", "two"):
        file = str(docker.context / f"{name}.Dockerfile")
        assert docker("build", "--tag", f"cdkasset-{name}", "--file", file, str(docker.context)) == 0
    one, two = docker.image("cdkasset-one"), docker.image("cdkasset-two")
    assert (one["base"], one["command"], two["base"], two["command"]) == ("x", ["one"], "y", [])
    assert (docker.files("cdkasset-one"), docker.files("cdkasset-two")) == (set(), {"/a.txt"})
    assert one["digest"] != two["digest"]


def test_what_is_copied_from_another_image_is_left_to_this_machine_and_noted(
    docker: Docker, capsys: pytest.CaptureFixture[str]
) -> None:
    docker.write({"a.txt": "a"})
    copies = "COPY --from=prom/prometheus:v3 /bin/prometheus /usr/local/bin/\nCOPY a.txt /\n"
    assert docker.build(f"FROM x\n{copies}") == 0
    assert docker.files() == {"/a.txt"}
    assert "Dockerfile:2: COPY: left out, as prom/prometheus:v3 is not at hand" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY a.txt /b.txt", {"/b.txt"}),
        ("COPY a.txt /folder/", {"/folder/a.txt"}),
        ("COPY a.txt relative", {"/srv/relative"}),
        ("COPY a.txt .", {"/srv/a.txt"}),
        ("COPY lib /usr/lib", {"/usr/lib/one.py", "/usr/lib/deep/two.py"}),
        ("COPY lone /into", {"/into/only.py"}),
        ("COPY lib/*.py /x/", {"/x/one.py"}),
        ("COPY a.txt lib/deep/ /x/", {"/x/a.txt", "/x/two.py"}),
        ('COPY ["a.txt", "/with space.txt"]', {"/with space.txt"}),
        ("ARG TARGET=/t\nCOPY a.txt ${TARGET}/x", {"/t/x"}),
        ("ENV DIR=/e\nWORKDIR $DIR/sub\nCOPY a.txt ${MISSING:-other}", {"/e/sub/other"}),
        ("COPY lib /d\nCOPY a.txt /d", {"/d/one.py", "/d/deep/two.py", "/d/a.txt"}),
    ],
)
def test_copy_puts_files_where_docker_does(docker: Docker, copy: str, expected: set[str]) -> None:
    docker.write({"a.txt": "a", "lib/one.py": "1", "lib/deep/two.py": "2", "lone/only.py": "3"})
    assert docker.build(f"FROM scratch\nWORKDIR /srv\n{copy}\n") == 0
    assert docker.files() == expected


def test_a_stage_hands_on_the_files_that_come_from_the_context(docker: Docker) -> None:
    docker.write({"app.py": "x"})
    text = "FROM python AS base\nENV A=1\nCOPY app.py /src/app.py\nRUN make /src/made\n"
    assert docker.build(f"{text}FROM base AS middle\nFROM slim\nCOPY --from=middle /src /app\nCMD run it\n") == 0
    assert docker.files() == {"/app/app.py"}
    assert docker.image()["environment"] == {}
    assert docker.image()["command"] == ["/bin/sh", "-c", "run it"]
    assert docker.build(f"{text}FROM slim\n", "--target", "base") == 0
    assert docker.image()["environment"] == {"A": "1"}


def test_a_file_copied_to_a_folder_is_in_it_for_later_stages(docker: Docker) -> None:
    docker.write({"a.txt": "a", "lib/one.py": "1"})
    text = "FROM x AS first\nWORKDIR /made\nCOPY lib /lib\nCOPY a.txt /lib\nCOPY a.txt /made\n"
    copies = "COPY --from=first /lib/a.txt /one\nCOPY --from=first /made/a.txt /two\n"
    assert docker.build(f"{text}FROM y\n{copies}") == 0
    assert docker.files() == {"/one", "/two"}


def test_a_stage_is_not_changed_by_one_that_goes_on_from_it(docker: Docker) -> None:
    docker.write({"a.txt": "a"})
    stages = "FROM x AS first\nCOPY a.txt /a\nFROM first AS second\nCOPY a.txt /b\n"
    assert docker.build(f"{stages}FROM y\nCOPY --from=second /b /\nCOPY --from=first / /all/\n") == 0
    assert docker.files() == {"/b", "/all/a"}


def test_build_arguments_replace_defaults(docker: Docker) -> None:
    text = "ARG BASE=one\nFROM $BASE\nARG LEVEL=info\nENV LEVEL=${LEVEL}\n"
    assert docker.build(text, "--build-arg", "BASE=two", "--build-arg", "LEVEL=debug") == 0
    assert (docker.image()["base"], docker.image()["environment"]) == ("two", {"LEVEL": "debug"})


def test_dockerignore_leaves_files_out_as_docker_does(docker: Docker) -> None:
    docker.write(
        {
            ".dockerignore": "# comment\n*.md\n!README.md\n**/__pycache__\n/secret\nDockerfile\n.dockerignore\n",
            "README.md": "",
            "notes.md": "",
            "docs/notes.md": "",
            "a/__pycache__/x.pyc": "",
            "secret/key": "",
            "deep/secret/key": "",
        }
    )
    assert docker.build("FROM scratch\nCOPY . /\n") == 0
    assert docker.files() == {"/README.md", "/docs/notes.md", "/deep/secret/key"}


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("FROM x\n\nONBUILD RUN y\n", "Dockerfile:3: ONBUILD: the embedded cloud does not understand"),
        ("FROM x\nCOPY gone.txt /\n", "Dockerfile:2: COPY: nothing in the build context"),
        ("FROM x\nCOPY ../up /\n", "Dockerfile:2: COPY: '../up' leads out of the build context"),
        ("FROM x\nCOPY alone\n", "Dockerfile:2: COPY: needs at least one source"),
        ("FROM x\nADD https://example.com/a /\n", "Dockerfile:2: ADD: addresses and archives"),
        ("FROM x\nRUN <<EOF\nls\nEOF\n", "Dockerfile:2: RUN: here-documents"),
        ('FROM x\nENV A="open\n', "Dockerfile:2: ENV: a quotation mark is not closed"),
        ("COPY a b\n", "Dockerfile:1: COPY: a Dockerfile begins with FROM"),
        ("# nothing\n", "there is no FROM"),
        ("FROM x\nRUN a \\\n", "Dockerfile:2: the last line is continued"),
    ],
)
def test_what_cannot_be_interpreted_is_named_with_its_line(
    docker: Docker, capsys: pytest.CaptureFixture[str], dockerfile: str, message: str
) -> None:
    assert docker.build(dockerfile) == 1
    assert message in capsys.readouterr().err


def test_an_unknown_target_lists_the_stages(docker: Docker, capsys: pytest.CaptureFixture[str]) -> None:
    assert docker.build("FROM x AS one\nFROM y AS two\n", "--target", "three") == 1
    assert "no stage 'three'; its stages: one, two" in capsys.readouterr().err


def test_equal_content_is_stored_once_and_older_content_stays(docker: Docker) -> None:
    docker.write({"a.txt": "first"})
    for tag in ("cdkasset-1", "cdkasset-2"):
        docker.build("FROM x\nCOPY a.txt /a.txt\n", tag=tag)
    docker.write({"a.txt": "second"})
    docker.build("FROM x\nCOPY a.txt /a.txt\n", tag="cdkasset-3")
    first, second, third = (docker.image(f"cdkasset-{number}")["digest"] for number in (1, 2, 3))
    assert first == second != third
    assert (docker.store / "cdkasset-1/latest/rootfs/a.txt").read_text() == "first"
    assert sorted(path.name for path in (docker.store / ".content").iterdir()) == sorted(
        digest.removeprefix("sha256:") for digest in {first, third}
    )


def test_a_failed_build_leaves_nothing_behind(docker: Docker, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(docker.context / "pipe")
    assert docker.build("FROM x\nCOPY . /\n") == 1
    assert "pipe" in capsys.readouterr().err
    assert not (docker.store / "cdkasset-1").exists()
    assert list((docker.store / ".content").iterdir()) == []


def test_links_are_copied_as_links(docker: Docker) -> None:
    (docker.context / "link").symlink_to("/elsewhere")
    assert docker.build("FROM x\nCOPY . /\n") == 0
    assert (docker.store / "cdkasset-1/latest/rootfs/link").readlink() == Path("/elsewhere")


def test_the_sequence_of_the_cdk_cli(
    docker: Docker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
    target = f"{registry}/assets-us-east-1:0123"
    monkeypatch.setattr("sys.stdin", io.StringIO("password"))
    assert docker("--config", "/nowhere", "login", "--username", "AWS", "--password-stdin", registry) == 0
    assert docker("inspect", "cdkasset-1") == 1  # what tells the CLI to build
    assert docker.build("FROM x\nCMD a\n") == 0
    assert docker("inspect", "cdkasset-1") == 0
    assert docker("tag", "cdkasset-1", target) == 0
    capsys.readouterr()
    assert docker("inspect", target) == 0
    assert json.loads(capsys.readouterr().out)[0]["Id"] == docker.image()["digest"]
    assert docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=*/*:0123") == 0
    assert capsys.readouterr().out == "assets-us-east-1:0123\n"
    assert docker("tag", "cdkasset-none", target) == 1


def test_a_manifest_names_the_content(docker: Docker) -> None:
    docker.write({"a.txt": "four"})
    docker.build("FROM x\nCOPY a.txt /\n")
    manifest = json.loads(images.image_manifest(ImageStore(docker.store), parse_reference("cdkasset-1")))
    assert manifest["layers"][0]["digest"] == docker.image()["digest"]
    assert manifest["layers"][0]["size"] == 4
    assert manifest["mediaType"] == images.MANIFEST_TYPE


@pytest.mark.parametrize("text", ["", "../up:1", "a/../b", ".content:x", "a:..", "a@sha256:0"])
def test_names_that_lead_elsewhere_are_refused(docker: Docker, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert docker("inspect", text) == 1
    assert "is no image name" in capsys.readouterr().err


def test_a_command_that_docker_has_and_this_has_not_is_bad_input(
    docker: Docker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert docker("run", "x") == 2
    assert "stand-in for docker" in capsys.readouterr().err


def test_the_installed_command_runs_from_any_folder(settings: Settings, tmp_path: Path) -> None:
    install_tools(settings)
    done = subprocess.run(  # noqa: S603 - the command under test
        [settings.docker, "inspect", "nothing"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "no such image: nothing:latest\n")

"""Stands in for the `docker` command when the CDK CLI builds and publishes image assets (`CDK_DOCKER`).

The CLI calls `login`, `inspect`, `build`, `images`, `tag` and `push`. `build` interprets the Dockerfile (see
`local.image_build`), the image store keeps the outcome, and `push` enters it in the embedded cloud's ECR, so that the
CLI finds it there next time.
"""

import argparse
import fnmatch
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from local.dockerfile import read_dockerfile
from local.errors import InputError, LocalError
from local.image_build import BuildContext, build
from local.image_store import ImageStore, Reference, parse_reference

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        store = ImageStore(options.store)
        match options.command:
            case "login":
                sys.stdin.read()
            case "inspect":
                description = store.describe(parse_reference(options.image))
                print(json.dumps([{"Id": description["digest"], "RepoTags": [options.image]}]))
            case "build":
                _build(store, options)
            case "images":
                _list(store, options.filter)
            case "tag":
                store.tag(parse_reference(options.source), parse_reference(options.target))
            case "push":
                _push(store, options.image)
    except LocalError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"the image store {arguments[1]} or the build context: {error}", file=sys.stderr)
        return LocalError.exit_code
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"the embedded cloud's stand-in for docker: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="docker", description="Stands in for docker when the CDK CLI publishes image assets.")
    parser.add_argument("--store", type=Path, required=True, help="folder of the images")
    parser.add_argument("--config", help="accepted and not used: there is nothing to log in to")
    commands = parser.add_subparsers(dest="command", required=True)

    login = commands.add_parser("login")
    login.add_argument("--username")
    login.add_argument("--password-stdin", action="store_true")
    login.add_argument("registry")

    commands.add_parser("inspect").add_argument("image")
    commands.add_parser("push").add_argument("image")

    tag = commands.add_parser("tag")
    tag.add_argument("source")
    tag.add_argument("target")

    images = commands.add_parser("images")
    images.add_argument("--format")
    images.add_argument("--filter", default="reference=*")

    command = commands.add_parser("build")
    command.add_argument("--tag", required=True)
    command.add_argument("--file", type=Path)
    command.add_argument("--target")
    command.add_argument("--build-arg", action="append", default=[])
    # They concern what RUN does, or how the engine works.
    for flag in ("--secret", "--ssh", "--network", "--platform", "--output", "--cache-from", "--cache-to"):
        command.add_argument(flag, action="append", help=argparse.SUPPRESS)
    command.add_argument("--no-cache", action="store_true", help=argparse.SUPPRESS)
    command.add_argument("context", type=Path)
    return parser


def _build(store: ImageStore, options: argparse.Namespace) -> None:
    given = dict(
        each.partition("=")[::2] if "=" in each else (each, os.environ.get(each, "")) for each in options.build_arg
    )
    # As with the CLI of Docker, --file is relative to the working directory, which the CDK CLI sets to the context.
    path = options.file or options.context / "Dockerfile"
    dockerfile = read_dockerfile(path, given)
    content = build(dockerfile, BuildContext(options.context, path), target=options.target, arguments=given)
    description = store.add(content, parse_reference(options.tag))
    print(*content.left_out, sep="\n", end="\n" if content.left_out else "")
    print(f"{options.tag}: {len(content.files)} files, {description['digest']}")


def _list(store: ImageStore, reference_filter: str) -> None:
    pattern = reference_filter.removeprefix("reference=").rpartition("/")[2]
    for reference in store.references():
        if fnmatch.fnmatch(str(reference), pattern):
            print(reference)


def _push(store: ImageStore, image: str) -> None:
    """Enter an image in ECR, with the credentials and the endpoint that the CDK CLI runs with."""
    # Loading the SDK takes half a second, and only this command needs it.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    reference = parse_reference(image)
    manifest = image_manifest(store, reference)
    try:
        boto3.client("ecr").put_image(
            repositoryName=reference.repository,
            imageTag=reference.tag,
            imageManifest=manifest,
            imageManifestMediaType=MANIFEST_TYPE,
        )
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"{image} could not be entered in ECR: {error}") from None


def image_manifest(store: ImageStore, reference: Reference) -> str:
    """A manifest with one layer, named by the digest of the image's content."""
    description = store.describe(reference)
    config = json.dumps(description, sort_keys=True).encode()
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": _CONFIG_TYPE,
                "size": len(config),
                "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
            },
            "layers": [{"mediaType": _LAYER_TYPE, "size": description["bytes"], "digest": description["digest"]}],
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

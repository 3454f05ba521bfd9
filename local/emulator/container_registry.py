"""Corrections to MiniStack's ECR that the CDK CLI depends on when it publishes an image asset."""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import error_response_json
from ministack.services import ecr


def install() -> None:
    """Put the corrections in place."""
    ecr._describe_images = _missing_image_is_an_error(ecr._describe_images)
    iam_actions.extract_resource_arn = _repository_of_describe(iam_actions.extract_resource_arn)


def _missing_image_is_an_error(describe: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """DescribeImages of an image that doesn't exist is refused, as by AWS.

    MiniStack answers with an empty list, from which the CLI concludes that the image is there and never builds it.
    """

    def describe_images(data: dict[str, Any]) -> Any:
        name = data.get("repositoryName", "")
        for image in data.get("imageIds") or []:
            if name in ecr._repositories and ecr._find_image(name, image) is None:
                message = f"The image with imageId {image} does not exist within the repository with name '{name}'"
                return error_response_json("ImageNotFoundException", message, 400)
        return describe(data)

    return describe_images


def _repository_of_describe(extract: Callable[..., str]) -> Callable[..., str]:
    """DescribeRepositories of one repository is a request for that repository.

    MiniStack takes it for a request for `*`, which the publishing role of `cdk bootstrap` may not make.
    """

    def extract_resource_arn(service: str, *request: Any) -> str:
        resource = extract(service, *request)
        if service != "ecr" or resource != "*":
            return resource
        *_, body, _query, region, account = request
        try:
            names = json.loads(body).get("repositoryNames") or []
        except (ValueError, AttributeError):
            return resource
        return f"arn:aws:ecr:{region}:{account}:repository/{names[0]}" if len(names) == 1 else resource

    return extract_resource_arn

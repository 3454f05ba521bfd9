import pytest

from local.image_store import parse_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api", "api:latest"),
        ("team/api:1", "team/api:1"),
        ("localhost:5000/api:1", "api:1"),
        ("0.dkr.ecr.eu-west-1.amazonaws.com/team/api:x", "team/api:x"),
    ],
)
def test_names_of_images_lose_their_registry(text: str, expected: str) -> None:
    assert str(parse_reference(text)) == expected

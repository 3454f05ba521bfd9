"""The API of schedules keeps to its own OpenAPI document, whatever it is asked."""

from services.planning.api.app import create_app
from services.settings import PlanningApiSettings
from tests.support.api_contract import violations
from tests.support.serving import serving


def test_every_answer_is_as_documented(environment: dict[str, str]) -> None:
    with serving(create_app(PlanningApiSettings.from_environment(environment))) as url:
        found = violations(url, examples=20)
    assert not found, "\n\n".join(found)

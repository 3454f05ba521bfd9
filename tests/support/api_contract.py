"""Whether an HTTP service keeps to its own OpenAPI document, whatever it is asked."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

# Of what is answered: that it is no error of ours, and that status, type, headers and content are documented.
ANSWERS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Of what is asked: that what the document forbids is refused, and that what answers tell of can be found.
REQUESTS = (
    "negative_data_rejection",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
)
_SEED = 1


def violations(url: str, *checks: str, examples: int, headers: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong, with a request that shows it; one per operation and kind of fault.

    checks: as schemathesis calls them. examples: about how many requests are made per operation that are as the
    document has them, and how many that are not; others follow from answers. They are the same each time.
    headers: sent with all of them.
    """
    config = SchemathesisConfig.from_dict(
        {
            "headers": dict(headers or {}),
            "seed": _SEED,
            "cache": {"enabled": False},
            # Of the machine, not of the service.
            "suppress-health-check": ["too_slow"],
            # A fault is shown as it was found: to look for a shorter one takes longer than to read it.
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"},
            "checks": {"enabled": False, **{check: {"enabled": True} for check in (*ANSWERS, *checks)}},
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    found: dict[tuple[str, str], str] = {}
    requests = Counter[str]()
    with _uninterrupted_parsing():
        happened = list(from_schema(schema).execute())
    for event in happened:
        if isinstance(event, events.NonFatalError | events.FatalError):
            found[str(event.id), ""] = repr(event)
        if not isinstance(event, events.ScenarioFinished):
            continue
        for case, results in event.recorder.checks.items():
            operation = event.recorder.cases[case].value.operation.label
            requests[operation] += 1
            for check in results:
                if check.status is Status.FAILURE and check.failure_info:
                    told = f"{operation}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    found.setdefault((operation, check.name), told)
    paths = schema.raw_schema["paths"].items()
    assert requests.keys() == {f"{method.upper()} {path}" for path, methods in paths for method in methods}
    return list(found.values())


@contextmanager
def _uninterrupted_parsing() -> Iterator[None]:
    """Collects no garbage meanwhile.

    Python up to 3.11.7 fails to parse Python, as Hypothesis does all the time, if that interrupts it while another
    thread does so, too (gh-106905).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""Makes a proven dump of the database when a schedule calls `handler`, and restores one when a person does.

Whatever does not succeed is raised, so that it counts as an error of the function and raises its alarm.
"""

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.service import Backups, DumpReport
from services.backups.session import Sessions
from services.logs import configure_logging
from services.secret_values import SecretValues
from services.settings import BackupSettings

# Kept back for dropping what was restored for the proof, and for the answer.
_RESERVE_SECONDS = 25


class RequestError(ValueError):
    """The event asks for something else than a dump or a restore; the message says what is allowed."""


class _Request(BaseModel):
    # A schedule's event tells more than is asked for here.
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Dump(_Request):
    action: Literal["dump"]


class _Restore(_Request):
    action: Literal["restore"]
    key: Annotated[str, StringConstraints(pattern=r"^dumps/.+")]
    into: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]


_REQUEST: TypeAdapter[_Dump | _Restore] = TypeAdapter(Annotated[_Dump | _Restore, Field(discriminator="action")])


@dataclass(frozen=True, slots=True)
class _Runtime:
    backups: Backups
    logger: Logger
    metrics: Metrics


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = BackupSettings.from_environment(os.environ)
    return _Runtime(
        backups=Backups(
            sessions=Sessions(settings.database, SecretValues(), application_name=settings.powertools_service_name),
            bucket=DumpBucket(settings.backups_bucket),
            migrations=settings.database_schema,
        ),
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
        metrics=Metrics(),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Dumps, unless the event is `{"action": "restore", "key": "dumps/…", "into": "database"}`; answers with a report.

    Raises RequestError and BackupError.
    """
    request = _request(event)
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)
    budget = Budget(context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS)
    if isinstance(request, _Restore):
        restored = runtime.backups.restore(request.key, request.into, budget)
        answer = {**asdict(restored), "taken_at": restored.taken_at.isoformat()}
    else:
        report = runtime.backups.back_up(budget)
        _measure(runtime.metrics, report)
        answer = asdict(report)
    runtime.logger.info("done", extra={"action": request.action, **answer})
    return answer


def _request(event: dict[str, Any]) -> _Dump | _Restore:
    try:
        return _REQUEST.validate_python({"action": "dump", **event})
    except ValidationError as error:
        faults = error.errors(include_url=False)
        lines = [f"{'.'.join(str(part) for part in fault['loc']) or 'action'}: {fault['msg']}" for fault in faults]
        raise RequestError(
            f'{"; ".join(lines)}. Allowed are {{"action": "dump"}} (the default) and'
            ' {"action": "restore", "key": "dumps/…", "into": "a database name"}'
        ) from None


def _measure(metrics: Metrics, report: DumpReport) -> None:
    metrics.add_metric(name="DumpsProven", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="DumpRows", unit=MetricUnit.Count, value=report.rows)
    metrics.add_metric(name="DumpBytes", unit=MetricUnit.Bytes, value=report.bytes)
    metrics.add_metric(name="DumpSeconds", unit=MetricUnit.Seconds, value=report.dump_seconds)
    metrics.add_metric(name="ProofSeconds", unit=MetricUnit.Seconds, value=report.proof_seconds)
    metrics.flush_metrics()

"""What the wrappers of RDS's actions have in common."""

import logging
import re
from collections.abc import Callable
from typing import Any

from ministack.services import rds

Record = dict[str, Any]
"""A cluster, instance or snapshot as the emulator keeps it."""

Parameters = dict[str, Any]
"""The parameters of an action, as its query had them."""

Response = tuple[int, dict[str, str], Any]
Action = Callable[[Parameters], Response]

POSTGRES_ENGINES = ("aurora-postgresql", "postgres")

_log = logging.getLogger(__name__)


def value(parameters: Parameters, name: str) -> str:
    """A parameter, or an empty text."""
    return str(rds._p(parameters, name) or "")


def is_true(parameters: Parameters, name: str) -> bool:
    """Whether a parameter is given and true."""
    return value(parameters, name).lower() == "true"


def accepted(response: Response) -> bool:
    """Whether an action was carried out."""
    return response[0] < 400  # noqa: PLR2004 - the HTTP statuses of errors begin here


def refused(code: str, message: str, status: int = 400) -> Response:
    """RDS's answer to a request that it does not carry out."""
    # It goes into XML as it is.
    response: Response = rds._error(code, re.sub(r"[<>&]", " ", message), status)
    return response


def failed(error: Exception) -> Response:
    """RDS's answer when the server behind a record could not be made."""
    _log.error("a database did not start: %s", error)
    return refused("InternalFailure", str(error), 500)


def instance_response(action: str, instance: Record) -> Response:
    """The answer of an action that describes an instance."""
    response: Response = rds._single_instance_response(f"{action}Response", f"{action}Result", instance)
    return response


def cluster_response(action: str, cluster: Record) -> Response:
    """The answer of an action that describes a cluster."""
    element = f"<DBCluster>{rds._cluster_xml(cluster)}</DBCluster>"
    response: Response = rds._xml(200, f"{action}Response", f"<{action}Result>{element}</{action}Result>")
    return response


def archives(record: Record) -> bool:
    """Whether automated backups are on, and with them the return to any moment."""
    return int(record.get("BackupRetentionPeriod") or 0) > 0

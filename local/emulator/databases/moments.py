"""Which moments a database can be brought back to, and which one a request means."""

from datetime import UTC, datetime

from ministack.services import rds

from local.emulator.databases.actions import Action, Parameters, Record, Response, is_true, value
from local.emulator.databases.servers import Databases


class Refused(Exception):  # noqa: N818 - it is AWS's answer
    """A request for a moment that cannot be brought back, with AWS's code."""

    def __init__(self, code: str, message: str) -> None:
        """Say why, under AWS's code for it."""
        super().__init__(message)
        self.code = code


def moment_of(databases: Databases, arn: str, parameters: Parameters, name: str) -> datetime:
    """The moment that a restore asks for: the parameter called `name`, or the latest.

    Raises:
        Refused: there are no backups, or none of that moment.
    """
    first, last = databases.restorable_from(arn), databases.restorable_until(arn)
    if first is None or last is None:
        raise Refused("PointInTimeRestoreNotEnabled", f"automated backups of {arn} are off: BackupRetentionPeriod is 0")
    text = value(parameters, name)
    if is_true(parameters, "UseLatestRestorableTime"):
        if text:
            raise Refused("InvalidParameterCombination", f"{name} and UseLatestRestorableTime exclude each other")
        return last
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            "InvalidParameterValue", f"{name} = {text!r} is no time; or set UseLatestRestorableTime"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not first <= moment <= last:
        raise Refused(
            "InvalidParameterValue",
            f"The specified instance cannot be restored to {moment.isoformat()}: "
            f"restorable is from {first.isoformat()} to {last.isoformat()}",
        )
    return moment


def refresh_instances(databases: Databases, original: Action) -> Action:
    """DescribeDBInstances with the latest restorable time as it is now."""

    def describe(parameters: Parameters) -> Response:
        named = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        for instance in [named] if named else list(rds._instances.values()):
            _refresh(databases, instance["DBInstanceArn"], instance)
        return original(parameters)

    return describe


def refresh_clusters(databases: Databases, original: Action) -> Action:
    """DescribeDBClusters with the restorable times as they are now."""

    def describe(parameters: Parameters) -> Response:
        named = rds._resolve_cluster_in_request_region(value(parameters, "DBClusterIdentifier"))
        for cluster in [named] if named else list(rds._clusters.values()):
            _refresh(databases, cluster["DBClusterArn"], cluster)
            first = databases.restorable_from(cluster["DBClusterArn"])
            if first is not None:
                cluster["EarliestRestorableTime"] = _text(first)
        return original(parameters)

    return describe


def _refresh(databases: Databases, arn: str, record: Record) -> None:
    last = databases.restorable_until(arn)
    if last is not None:
        record["LatestRestorableTime"] = _text(last)


def _text(moment: datetime) -> str:
    text: str = rds._format_time(moment.timestamp())
    return text

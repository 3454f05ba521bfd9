"""Which of AWS's own APIs code calls: those that get an interface endpoint, without NAT or where config says so."""

from config.model import MonitoringConfig, Nat, SystemConfig

# Fargate pulls images, writes logs and starts tasks with them; all code reads its secrets.
_ALWAYS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
_BY_CHANNEL = {"email": "email", "sms": "sns"}


def endpoints_needed(config: SystemConfig) -> tuple[str, ...]:
    """Return the short names of the AWS services that get an interface endpoint, such as `sqs`; none if NAT is enough.

    S3 is not among them: its gateway endpoint is always there.
    """
    if config.network.nat is not Nat.NONE and not config.network.interface_endpoints:
        return ()
    used = set(_ALWAYS)
    every = [service.uses for service in config.services.values()]
    if config.worker is not None:
        every.append(config.worker.uses)
    if config.queue is not None:
        used.add("sqs")
    used |= {_BY_CHANNEL[channel] for uses in every for channel in uses.channels if channel in _BY_CHANNEL}
    if isinstance(config.monitoring, MonitoringConfig) and config.monitoring.prometheus is not None:
        used |= {"ecs", "monitoring"}
        used.add("aps-workspaces" if config.monitoring.prometheus.kind == "managed" else "ssmmessages")
    return tuple(sorted(used))

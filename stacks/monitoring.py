"""The Monitoring stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from constructs import Construct

from config.model import MonitoringConfig
from constructs_lib.dashboard import Dashboard
from constructs_lib.graphs import Graph
from constructs_lib.prometheus import Prometheus, Watched
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringProps:
    """What the Monitoring stack is made from."""

    config: MonitoringConfig
    """Whether there is a dashboard, and Prometheus."""
    sections: Mapping[str, Sequence[Graph]]
    """What the dashboard shows, by the title of its section."""
    watched: Watched
    """What Prometheus scrapes."""
    workload: WorkloadOptions
    """Options of the code that runs."""


class MonitoringStack(GroundworkStack):
    """What people look at: the dashboard, and Prometheus.

    A stack of its own because it looks at all others and none needs it: it comes last, and can be deleted and made
    again at any time. Alarms are not in it: each stands beside what it watches.
    """

    def __init__(self, scope: Construct, id_: str, *, props: MonitoringProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        if props.config.dashboard:
            dashboard = Dashboard(self, "Dashboard", sections=props.sections)
            self.output("DashboardName", dashboard.name, "The CloudWatch dashboard")
        if props.config.prometheus is not None:
            prometheus = Prometheus(
                self, "Prometheus", watched=props.watched, config=props.config.prometheus, options=props.workload
            )
            self.output(
                "PrometheusServiceName", prometheus.service.service.service_name, "The ECS service that scrapes"
            )
            if prometheus.workspace is not None:
                url = prometheus.workspace.attr_prometheus_endpoint
                self.output("PrometheusWorkspaceUrl", url, "Where metrics are queried")

"""A CloudWatch dashboard of what constructs show of themselves."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from constructs_lib.graphs import Graph

# A dashboard is 24 units wide.
_WIDTH = 24
_GRAPHS_IN_A_ROW = 3
_HEIGHT = 6


class Dashboard(Construct):
    """The dashboard: under each section's title its graphs, three in a row. Sections without graphs are left out."""

    def __init__(self, scope: Construct, id_: str, *, sections: Mapping[str, Sequence[Graph]]) -> None:
        super().__init__(scope, id_)
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", period_override=cloudwatch.PeriodOverride.INHERIT)
        for title, graphs in sections.items():
            if not graphs:
                continue
            self.dashboard.add_widgets(cloudwatch.TextWidget(markdown=f"## {title}", width=_WIDTH, height=1))
            for row in _rows(graphs):
                self.dashboard.add_widgets(*map(_widget, row))

    @property
    def name(self) -> str:
        """Name of the dashboard."""
        return self.dashboard.dashboard_name


def _rows(graphs: Iterable[Graph]) -> Iterable[list[Graph]]:
    rest = iter(graphs)
    while row := list(islice(rest, _GRAPHS_IN_A_ROW)):
        yield row


def _widget(graph: Graph) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=graph.title,
        left=list(graph.metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        width=_WIDTH // _GRAPHS_IN_A_ROW,
        height=_HEIGHT,
    )

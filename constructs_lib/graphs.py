"""What a resource shows of itself on a dashboard."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """One graph over time. Constructs offer graphs, the Monitoring stack lays them out."""

    title: str
    """What it shows, with the unit where it is not a count."""
    metrics: tuple[cloudwatch.IMetric, ...]
    """What is drawn, on one axis."""

"""An Application Load Balancer in the public subnets: the one way in."""

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import FixedResponse, Lifecycle, LoadBalancerConfig, Route
from config.routing import priority
from constructs_lib.alarms import alarm
from constructs_lib.graphs import Graph
from constructs_lib.lifecycle import is_protected
from constructs_lib.network import PUBLIC

HEALTH_PATH = "/health"
# A target is deregistered for 30 s while its requests end.
DEREGISTRATION_DELAY = Duration.seconds(30)
# Below the server's keep-alive of 65 s, so that the load balancer never reuses a connection the server has closed.
IDLE_TIMEOUT = Duration.seconds(60)
# From this share of failed requests within five minutes on, someone is told.
ERROR_RATE_ALARM_PERCENT = 5
_MINUTE = Duration.minutes(1)
_ALARM_PERIOD = Duration.minutes(5)


class LoadBalancer(Construct):
    """The load balancer with its listener: HTTPS with a redirect from HTTP, or plain HTTP without a certificate.

    Services come behind it by `add_service`. What no rule names gets the fixed response, or goes to the one service
    whose route names nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        config: LoadBalancerConfig,
        lifecycle: Lifecycle,
        alarm_topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The load balancer", allow_all_outbound=False
        )
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=PUBLIC,
            security_group=self.security_group,
            internet_facing=True,
            idle_timeout=IDLE_TIMEOUT,
            drop_invalid_header_fields=True,
            deletion_protection=is_protected(lifecycle),
        )
        self._listener = self._add_listener(config)
        scheme = "http" if config.certificate_arn is None else "https"
        self.url = f"{scheme}://{self.load_balancer.load_balancer_dns_name}"
        if alarm_topic is not None:
            alarm(
                self,
                "ErrorRateAlarm",
                metric=self._error_rate(_ALARM_PERIOD),
                threshold=ERROR_RATE_ALARM_PERCENT,
                description=f"{ERROR_RATE_ALARM_PERCENT} % of the requests or more failed with a 5xx status",
                topic=alarm_topic,
            )

    def add_service(
        self, id_: str, *, name: str, service: elbv2.IApplicationLoadBalancerTarget, port: int, route: Route
    ) -> elbv2.ApplicationTargetGroup:
        """Lead the requests of a route to a service, and let the load balancer reach its port.

        Which rule is asked first follows from the routes, not from the order in which services are added.

        Raises:
            ConfigError: The route and that of another service do not go together.
        """
        conditions = [
            *([elbv2.ListenerCondition.path_patterns(list(route.paths))] if route.paths else []),
            *([elbv2.ListenerCondition.host_headers(list(route.hosts))] if route.hosts else []),
        ]
        return self._listener.add_targets(
            id_,
            conditions=conditions or None,
            priority=priority(name, route),
            port=port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            targets=[service],
            deregistration_delay=DEREGISTRATION_DELAY,
            # Liveness of the process: a database that is away must not take all tasks out of service.
            health_check=elbv2.HealthCheck(
                path=HEALTH_PATH,
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """How long requests take, how many fail, and how many there are."""
        metrics = self.load_balancer.metrics
        latency = tuple(
            metrics.target_response_time(period=_MINUTE, statistic=statistic, label=statistic)
            for statistic in ("p50", "p95", "p99")
        )
        requests = metrics.request_count(period=_MINUTE, statistic="Sum", label="Requests")
        return (
            Graph(title="API: latency (s)", metrics=latency),
            Graph(title="API: error rate (%)", metrics=(self._error_rate(_MINUTE),)),
            Graph(title="API: throughput (requests per minute)", metrics=(requests,)),
        )

    def _error_rate(self, period: Duration) -> cloudwatch.MathExpression:
        """Return the share of requests that ended with a 5xx status, in percent.

        Requests are counted from their target on: where there is none to choose, only the load balancer's own errors
        say that there were any.
        """
        metrics = self.load_balancer.metrics
        return cloudwatch.MathExpression(
            expression="100 * errors / MAX([requests, errors])",
            label="Failed requests (%)",
            period=period,
            using_metrics={
                "errors": cloudwatch.MathExpression(
                    expression="FILL(own, 0) + FILL(targets, 0)",
                    period=period,
                    using_metrics={
                        "own": metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=period, statistic="Sum"),
                        "targets": metrics.http_code_target(
                            elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=period, statistic="Sum"
                        ),
                    },
                ),
                "requests": metrics.request_count(period=period, statistic="Sum"),
            },
        )

    def _add_listener(self, config: LoadBalancerConfig) -> elbv2.ApplicationListener:
        default = None if config.fixed_response is None else _fixed_response(config.fixed_response)
        if config.certificate_arn is None:
            return self.load_balancer.add_listener(
                "Http", port=80, protocol=elbv2.ApplicationProtocol.HTTP, default_action=default
            )
        self.load_balancer.add_redirect()
        return self.load_balancer.add_listener(
            "Https",
            port=443,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            certificates=[acm.Certificate.from_certificate_arn(self, "Certificate", config.certificate_arn)],
            # TLS 1.2 and 1.3 only.
            ssl_policy=elbv2.SslPolicy.RECOMMENDED_TLS,
            default_action=default,
        )


def _fixed_response(config: FixedResponse) -> elbv2.ListenerAction:
    return elbv2.ListenerAction.fixed_response(
        config.status, content_type=config.content_type, message_body=config.body
    )

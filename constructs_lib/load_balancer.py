"""An Application Load Balancer in the public subnets: the one way in."""

from collections.abc import Mapping

from aws_cdk import Annotations, Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import AccessLogsConfig, FirewallConfig, FixedResponse, Lifecycle, LoadBalancerConfig, Route
from config.routing import priority
from constructs_lib.alarms import alarm
from constructs_lib.firewall import Firewall
from constructs_lib.graphs import Graph
from constructs_lib.lifecycle import is_protected
from constructs_lib.log_bucket import LogBucket
from constructs_lib.network import PUBLIC

HEALTH_PATH = "/health"
# From this share of failed requests within five minutes on, someone is told.
ERROR_RATE_ALARM_PERCENT = 5
_MINUTE = Duration.minutes(1)
_ALARM_PERIOD = Duration.minutes(5)
# No answer is taken for another type than it says it is, or shown in a frame of someone else's page.
_HEADERS = {"x_content_type_options": "nosniff", "x_frame_options": "DENY"}
PLAIN_HTTP_WARNING = "groundwork:plain-http"
"""Of a load balancer without a certificate; an app that nobody deploys may acknowledge it."""
_PLAIN_HTTP = (
    "serves plain HTTP: without load_balancer.certificate_arn, or hosted_zone with domain_name, whatever is sent and "
    "answered can be read and changed on its way, there is no redirect to HTTPS, and no HSTS; "
    "pass -c certificate_arn=arn:aws:acm:REGION:ACCOUNT:certificate/ID"
)


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
        log_retention: logs.RetentionDays,
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
            idle_timeout=Duration.seconds(config.idle_timeout_seconds),
            drop_invalid_header_fields=True,
            # Refuses whatever two servers might read as two different requests.
            desync_mitigation_mode=elbv2.DesyncMitigationMode.STRICTEST,
            deletion_protection=is_protected(lifecycle),
        )
        self._deregistration_delay = Duration.seconds(config.deregistration_delay_seconds)
        zone = self._hosted_zone(config)
        certificate = self._certificate(config, zone)
        self._listener = self._add_listener(config, certificate)
        scheme = "http" if certificate is None else "https"
        if certificate is None:
            Annotations.of(self).add_warning_v2(PLAIN_HTTP_WARNING, _PLAIN_HTTP)
        if isinstance(config.access_logs, AccessLogsConfig):
            self._record(config.access_logs, lifecycle, log_retention)
        if isinstance(config.firewall, FirewallConfig):
            Firewall(
                self,
                "Firewall",
                load_balancer_arn=self.load_balancer.load_balancer_arn,
                config=config.firewall,
                lifecycle=lifecycle,
                log_retention=log_retention,
            )
        self.url = f"{scheme}://{config.domain_name or self.load_balancer.load_balancer_dns_name}"
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
            deregistration_delay=self._deregistration_delay,
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

    def _hosted_zone(self, config: LoadBalancerConfig) -> route53.IHostedZone | None:
        if config.hosted_zone is None or config.domain_name is None:
            return None
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "HostedZone", hosted_zone_id=config.hosted_zone.id, zone_name=config.hosted_zone.name
        )
        route53.ARecord(
            self,
            "Record",
            zone=zone,
            record_name=f"{config.domain_name}.",
            target=route53.RecordTarget.from_alias(targets.LoadBalancerTarget(self.load_balancer)),
        )
        return zone

    def _certificate(self, config: LoadBalancerConfig, zone: route53.IHostedZone | None) -> acm.ICertificate | None:
        if config.certificate_arn is not None:
            return acm.Certificate.from_certificate_arn(self, "Certificate", config.certificate_arn)
        if zone is None or config.domain_name is None:
            return None
        return acm.Certificate(
            self,
            "OwnCertificate",
            domain_name=config.domain_name,
            validation=acm.CertificateValidation.from_dns(zone),
        )

    def _record(self, config: AccessLogsConfig, lifecycle: Lifecycle, log_retention: logs.RetentionDays) -> None:
        """Keep a line for each request; the CDK's own way asks for a region that is known."""
        made = LogBucket(
            self, "AccessLogs", expire_days=config.expire_days, lifecycle=lifecycle, log_retention=log_retention
        )
        made.allow_load_balancer()
        self.load_balancer.set_attribute("access_logs.s3.enabled", "true")
        self.load_balancer.set_attribute("access_logs.s3.bucket", made.bucket.bucket_name)
        # The load balancer writes a first file as soon as it is told where to.
        if made.bucket.policy is not None:
            self.load_balancer.node.add_dependency(made.bucket.policy)

    def _add_listener(
        self, config: LoadBalancerConfig, certificate: acm.ICertificate | None
    ) -> elbv2.ApplicationListener:
        default = None if config.fixed_response is None else _fixed_response(config.fixed_response)
        if certificate is None:
            plain = self.load_balancer.add_listener(
                "Http", port=80, protocol=elbv2.ApplicationProtocol.HTTP, default_action=default
            )
            return _answering(plain, _HEADERS)
        _answering(self.load_balancer.add_redirect(), _HEADERS)
        secured = self.load_balancer.add_listener(
            "Https",
            port=443,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            certificates=[certificate],
            # TLS 1.2 and 1.3 only.
            ssl_policy=elbv2.SslPolicy.RECOMMENDED_TLS,
            default_action=default,
        )
        max_age = Duration.days(config.strict_transport_days).to_seconds()
        return _answering(secured, {**_HEADERS, "strict_transport_security": f"max-age={max_age:.0f}"})


def _answering(listener: elbv2.ApplicationListener, headers: Mapping[str, str]) -> elbv2.ApplicationListener:
    """Give every answer of a listener these headers, in place of a service's own, and not the name of the server.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
    """
    for name, value in headers.items():
        listener.set_attribute(f"routing.http.response.{name}.header_value", value)
    listener.set_attribute("routing.http.response.server.enabled", "false")
    return listener


def _fixed_response(config: FixedResponse) -> elbv2.ListenerAction:
    return elbv2.ListenerAction.fixed_response(
        config.status, content_type=config.content_type, message_body=config.body
    )

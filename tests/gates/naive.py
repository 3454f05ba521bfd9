"""`python -m tests.gates.naive FOLDER`: five stacks as somebody in a hurry writes them.

What the CDK makes by default, with the shortcuts that get a demonstration running: what every set of rules is for.
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_amazonmq as amazonmq
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gates.security.assemble import ACCOUNT, CERTIFICATE_ARN, REGION, assemble

PASSWORD = cdk.SecretValue.unsafe_plain_text("correct-horse-battery")
PUBLIC = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)


class Network(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, id_, env=env)
        self.vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{REGION}a", f"{REGION}b"])
        open_ = ec2.SecurityGroup(self, "Open", vpc=self.vpc)
        open_.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(22))
        ec2.CfnSecurityGroupIngress(
            self,
            "Everybody",
            group_id=open_.security_group_id,
            ip_protocol="tcp",
            from_port=5432,
            to_port=5432,
            cidr_ip="0.0.0.0/0",
        )
        ec2.Instance(
            self,
            "Bastion",
            vpc=self.vpc,
            vpc_subnets=PUBLIC,
            security_group=open_,
            instance_type=ec2.InstanceType("t3.micro"),
            machine_image=ec2.MachineImage.generic_linux({REGION: "ami-0123456789abcdef0"}),
        )


class Database(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, network: Network, env: cdk.Environment) -> None:
        super().__init__(scope, id_, env=env)
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16)
        rds.DatabaseInstance(
            self,
            "Database",
            engine=engine,
            vpc=network.vpc,
            vpc_subnets=PUBLIC,
            publicly_accessible=True,
            credentials=rds.Credentials.from_password("postgres", PASSWORD),
        )
        slow = rds.ParameterGroup(self, "Slow", engine=engine, parameters={"log_min_duration_statement": "500"})
        rds.DatabaseInstance(self, "Reports", engine=engine, vpc=network.vpc, parameter_group=slow)
        elasticache.CfnReplicationGroup(
            self,
            "Cache",
            replication_group_description="sessions",
            cache_node_type="cache.t3.micro",
            num_cache_clusters=1,
        )
        elasticache.CfnCacheCluster(
            self, "Pages", engine="memcached", cache_node_type="cache.t3.micro", num_cache_nodes=1
        )
        key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
        dynamodb.Table(self, "Sessions", partition_key=key)
        efs.FileSystem(self, "Shared", vpc=network.vpc, encrypted=False)
        amazonmq.CfnBroker(
            self,
            "Broker",
            broker_name="events",
            engine_type="RABBITMQ",
            engine_version="3.13",
            deployment_mode="SINGLE_INSTANCE",
            host_instance_type="mq.m5.large",
            publicly_accessible=True,
            users=[amazonmq.CfnBroker.UserProperty(username="admin", password=PASSWORD.unsafe_unwrap())],
        )
        opensearch.Domain(self, "Search", version=opensearch.EngineVersion.OPENSEARCH_2_17)
        s3.Bucket(self, "Uploads")
        secretsmanager.Secret(self, "ApiKey", secret_string_value=PASSWORD)
        kms.Key(self, "Key")


class Queue(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, id_, env=env)
        self.dead_letters = sqs.Queue(self, "DeadLetters")
        self.queue = sqs.Queue(
            self, "Queue", dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=1000)
        )
        self.events = sqs.Queue(self, "Events")
        self.far_dead_letters = sqs.Queue(self, "FarDeadLetters")
        sns.Topic(self, "Topic")


class Api(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, network: Network, env: cdk.Environment) -> None:
        super().__init__(scope, id_, env=env)
        ecr.Repository(self, "Images")
        task = ecs.FargateTaskDefinition(self, "Task")
        task.add_container(
            "Api",
            image=ecs.ContainerImage.from_registry("nginx:latest"),
            port_mappings=[ecs.PortMapping(container_port=80)],
            logging=ecs.LogDrivers.aws_logs(stream_prefix="api"),
        )
        task.add_container("Helper", image=ecs.ContainerImage.from_registry("busybox"))
        machine = ecs.Ec2TaskDefinition(self, "OnMachines")
        machine.add_container(
            "Builder", image=ecs.ContainerImage.from_registry("docker"), memory_limit_mib=512, privileged=True
        )
        task.add_to_task_role_policy(iam.PolicyStatement(actions=["s3:*", "sqs:*"], resources=["*"]))
        service = ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=network.vpc),
            task_definition=task,
            assign_public_ip=True,
        )
        balancer = elbv2.ApplicationLoadBalancer(self, "LoadBalancer", vpc=network.vpc, internet_facing=True)
        balancer.add_listener("Http", port=80).add_targets("Api", port=80, targets=[service])
        target = elbv2.ApplicationTargetGroup(self, "Legacy", vpc=network.vpc, port=80)
        balancer.add_redirect(source_port=8080, target_port=443).add_action(
            "Old",
            priority=1,
            conditions=[elbv2.ListenerCondition.path_patterns(["/old/*"])],
            action=elbv2.ListenerAction.forward([target]),
        )
        balancer.add_listener(
            "Https",
            port=443,
            certificates=[elbv2.ListenerCertificate.from_arn(CERTIFICATE_ARN)],
            ssl_policy=elbv2.SslPolicy.LEGACY,
            default_action=elbv2.ListenerAction.fixed_response(200),
        )
        cloudwatch.Alarm(self, "Busy", metric=service.metric_cpu_utilization(), threshold=80, evaluation_periods=1)
        deployer = iam.User(self, "Deployer")
        iam.AccessKey(self, "DeployerKey", user=deployer)


class Worker(cdk.Stack):
    def __init__(self, scope: Construct, id_: str, *, queues: Queue, env: cdk.Environment) -> None:
        super().__init__(scope, id_, env=env)
        everything = iam.PolicyDocument(statements=[iam.PolicyStatement(actions=["*"], resources=["*"])])
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"all": everything},
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonS3FullAccess")],
        )
        for name, queue, most in (("Slow", queues.queue, None), ("Many", queues.events, 50)):
            function = lambda_.Function(
                self,
                name,
                runtime=lambda_.Runtime.PYTHON_3_8,
                handler="index.handler",
                code=lambda_.Code.from_inline("def handler(event, context):\n    return None\n"),
                timeout=cdk.Duration.seconds(30),
                reserved_concurrent_executions=5,
                role=role,
            )
            function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)
            function.add_event_source(sources.SqsEventSource(queue, max_concurrency=most))
        sqs.Queue(
            self,
            "Retries",
            dead_letter_queue=sqs.DeadLetterQueue(queue=queues.far_dead_letters, max_receive_count=1000),
        )


def main(outdir: str) -> None:
    app = cdk.App(
        outdir=outdir,
        context={"aws:cdk:enable-path-metadata": True, "@aws-cdk/core:validateAgainstDefaultRules": True},
    )
    env = cdk.Environment(account=ACCOUNT, region=REGION)
    network = Network(app, "Network", env=env)
    Database(app, "Database", network=network, env=env)
    queues = Queue(app, "Queue", env=env)
    Api(app, "Api", network=network, env=env)
    Worker(app, "Worker", queues=queues, env=env)
    assemble(app)


if __name__ == "__main__":
    main(sys.argv[1])

"""A small HTTP service as an image of the local store, and the template that runs it behind a load balancer."""

import json
from pathlib import Path
from typing import Any

from tests.local.emulator.cloud import ACCOUNT, REGION

REPOSITORY = "demo"
GROUP = "/demo/service"

# Answers who it is, what it was given, what it may do, and echoes what it gets.
SERVER = """
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1.5)
        elif self.path == "/calls":
            return self.answer(calls())
        elif self.path == "/writes":
            return self.answer({name: writes(folder) for name, folder in FOLDERS.items()})
        elif self.path == "/sicken":
            sick.set()
        elif self.path == "/health" and sick.is_set():
            return self.answer({}, 500)
        names = ("TAG", "MARK", "TOKEN", "FROM_IMAGE", "DATABASE_URL", "AWS_PROFILE")
        seen = {name: os.environ.get(name) for name in names}
        self.answer({"pid": os.getpid(), "path": self.path, "headers": dict(self.headers), **seen})

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"length": len(body), "type": self.headers["Content-Type"]}, 201)

    def answer(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_):
        pass

FOLDERS = {"volume": os.environ["TMPDIR"], "home": os.environ["HOME"], "work": os.getcwd(), "machine": "/tmp"}

def writes(folder):
    file = os.path.join(folder, "written-by-" + str(os.getpid()))
    try:
        with open(file, "w") as opened:
            opened.write("it")
        os.unlink(file)
    except OSError as error:
        return type(error).__name__
    return "written"

def calls():
    import boto3
    tried = {
        "identity": lambda: boto3.client("sts").get_caller_identity()["Arn"],
        "granted": lambda: boto3.client("sqs").get_queue_url(QueueName="demo")["QueueUrl"],
        "denied": lambda: boto3.client("secretsmanager").list_secrets()["SecretList"],
    }
    results = {}
    for name, call in tried.items():
        try:
            results[name] = call()
        except Exception as error:
            results[name] = type(error).__name__ + ": " + str(error)
    return results

class Server(ThreadingHTTPServer):
    daemon_threads = False

sick = threading.Event()
if os.environ["TAG"] == "deaf":
    sick.set()
if os.environ["TAG"] == "broken":
    sys.exit("the configuration is broken")
server = Server((os.environ["HOST"], int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving", os.environ["TAG"], flush=True)
server.serve_forever()
server.server_close()
print("served to the end", flush=True)
"""


def write_image(data: Path, tag: str) -> None:
    """Put an image into the store, as the Docker stand-in does."""
    folder = data / "images" / REPOSITORY / tag
    (folder / "rootfs" / "app").mkdir(parents=True)
    (folder / "rootfs" / "app" / "server.py").write_text(SERVER)
    image = {
        "workdir": "/app",
        "entrypoint": [],
        "command": ["python", "-m", "server"],
        "environment": {"TAG": tag, "FROM_IMAGE": "yes"},
        "digest": f"sha256:{tag}",
    }
    (folder / "image.json").write_text(json.dumps(image))


def template(tag: str, *, desired: int = 2, mark: str = "first") -> dict[str, Any]:
    """Everything from the network to the service."""
    return {
        **_network(),
        **_role(),
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": GROUP}},
        "Token": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": '{"key":"s3cret"}'}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "demo"}},
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": _task(tag, mark)},
        "Service": {
            "Type": "AWS::ECS::Service",
            "DependsOn": "Listener",
            "Properties": {
                "ServiceName": "demo",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "LaunchType": "FARGATE",
                "DesiredCount": desired,
                "HealthCheckGracePeriodSeconds": 4,
                "LoadBalancers": [
                    {"ContainerName": "web", "ContainerPort": 3000, "TargetGroupArn": {"Ref": "Targets"}}
                ],
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
            },
        },
    }


def _task(tag: str, mark: str) -> dict[str, Any]:
    options = {"awslogs-group": {"Ref": "Log"}, "awslogs-region": REGION, "awslogs-stream-prefix": "demo"}
    container = {
        "Name": "web",
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:{tag}",
        "Essential": True,
        "PortMappings": [{"ContainerPort": 3000}],
        "Environment": [{"Name": "MARK", "Value": mark}],
        "Secrets": [{"Name": "TOKEN", "ValueFrom": {"Fn::Sub": "${Token}:key::"}}],
        "StopTimeout": 5,
        "ReadonlyRootFilesystem": True,
        "MountPoints": [{"ContainerPath": "/tmp", "SourceVolume": "scratch"}],  # noqa: S108  # a path of the container
        "LogConfiguration": {"LogDriver": "awslogs", "Options": options},
    }
    return {
        "Family": "demo",
        "Cpu": "256",
        "Memory": "512",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "TaskRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "ContainerDefinitions": [container],
        "Volumes": [{"Name": "scratch"}],
    }


def _role() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    granted = {"Effect": "Allow", "Action": "sqs:GetQueueUrl", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
    policy = {"PolicyName": "queue", "PolicyDocument": {"Version": "2012-10-17", "Statement": [granted]}}
    return {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "demo"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "demo-task",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "Policies": [policy],
            },
        },
    }


def _network() -> dict[str, Any]:
    forward = [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}]
    refused = {"StatusCode": "403", "ContentType": "text/plain", "MessageBody": "not here"}
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {
                "Name": "demo",
                "VpcId": {"Ref": "Vpc"},
                "Port": 3000,
                "Protocol": "HTTP",
                "TargetType": "ip",
                "HealthCheckPath": "/health",
                "HealthCheckIntervalSeconds": 1,
                "UnhealthyThresholdCount": 2,
            },
        },
        "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "demo"}},
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": forward,
            },
        },
        "Rule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": {"Ref": "Listener"},
                "Priority": 1,
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/internal/*"]}}],
                "Actions": [{"Type": "fixed-response", "FixedResponseConfig": refused}],
            },
        },
    }

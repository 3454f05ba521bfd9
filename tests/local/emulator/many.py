"""Many services as one image of the local store, and the template that runs them in one cluster."""

import json
from pathlib import Path
from typing import Any

from tests.local.emulator.cloud import ACCOUNT, REGION

CLUSTER = "many"
# What a stopped task still does; long enough for a successor that does not wait to be seen beside it.
LAST_WORDS_SECONDS = 0.8

# Keeps a journal of when it lives, and answers who it is. From when it serves, a file in its home says that it is well;
# it is sick when that is taken away.
PROGRAM = f"""
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def note(word):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{{os.environ['NAME']}} {{word}} {{os.getpid()}} {{time.time()}}\\n")

def home(name):
    return os.path.join(os.environ["HOME"], name)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["NAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

# Taken in below: whatever begins ends in an orderly way, however early it is asked to.
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})
note("begins")
if os.environ["TAG"] == "broken":
    note("ends")
    sys.exit("broken on purpose")
if sys.argv[1:] == ["once"]:
    open(home("well"), "w").close()
    while not os.path.exists(home("go on")):
        time.sleep(0.05)
    note(os.environ["SECRET"])
    note("ends")
    sys.exit(3)
server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
open(home("well"), "w").close()
signal.sigwait({{signal.SIGTERM}})
server.shutdown()
time.sleep({LAST_WORDS_SECONDS})
note("ends")
"""

# Not before the program serves: a check that passes at once would call healthy what is about to break.
WELL = 'test -e "$HOME/well"'


def write_image(data: Path, tag: str) -> None:
    folder = data / "images" / "many" / tag
    (folder / "rootfs" / "app").mkdir(parents=True)
    (folder / "rootfs" / "app" / "program.py").write_text(PROGRAM)
    command = ["python", "-m", "program"]
    image = {"workdir": "/app", "command": command, "environment": {"TAG": tag}, "digest": f"sha256:{tag}"}
    (folder / "image.json").write_text(json.dumps(image))


def service(name: str, tag: str, data: Path, **changes: Any) -> dict[str, Any]:
    """A task definition and its service; `changes` are those of the service."""
    # Patient: a check that waits for the processor is no sign of sickness.
    check = {"Command": ["CMD-SHELL", WELL], "Interval": 1, "Retries": 2, "Timeout": 60, "StartPeriod": 60}
    container = {
        "Name": "main",
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/many:{tag}",
        "Essential": True,
        "PortMappings": [{"ContainerPort": 4000}],
        "Environment": [{"Name": "NAME", "Value": name}, {"Name": "JOURNAL", "Value": str(data / "journal")}],
        "Secrets": [{"Name": "SECRET", "ValueFrom": {"Ref": "Secret"}}],
        "StopTimeout": 60,
        "HealthCheck": check,
    }
    task = {
        "Family": f"many-{name}",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "ContainerDefinitions": [container],
    }
    rolling = {"MinimumHealthyPercent": 100, "MaximumPercent": 200}
    breaker = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
    properties = {
        "ServiceName": name,
        "Cluster": {"Ref": "Cluster"},
        "TaskDefinition": {"Ref": f"{name.title()}Task"},
        "LaunchType": "FARGATE",
        "DesiredCount": 1,
        "AvailabilityZoneRebalancing": "ENABLED",
        **changes,
        "DeploymentConfiguration": {**rolling, **changes.get("DeploymentConfiguration", {}), **breaker},
    }
    return {
        f"{name.title()}Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task},
        name.title(): {"Type": "AWS::ECS::Service", "DependsOn": "ToApi", "Properties": properties},
    }


def behind(group: str) -> dict[str, Any]:
    return {"LoadBalancers": [{"ContainerName": "main", "ContainerPort": 4000, "TargetGroupArn": {"Ref": group}}]}


SINGLETON = {
    "AvailabilityZoneRebalancing": "DISABLED",
    "DeploymentConfiguration": {"MinimumHealthyPercent": 0, "MaximumPercent": 100},
}


def template(data: Path, *, scheduler: str = "one") -> dict[str, Any]:
    kind = "AWS::ElasticLoadBalancingV2"
    group = {"Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": {"Ref": "Vpc"}, "HealthCheckPath": "/health"}
    unknown = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no such service"}}

    def rule(priority: int, path: str, target: str) -> dict[str, Any]:
        properties = {
            "ListenerArn": {"Ref": "Listener"},
            "Priority": priority,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": target}}],
        }
        return {"Type": f"{kind}::ListenerRule", "Properties": properties}

    listener = {
        "LoadBalancerArn": {"Ref": "Balancer"},
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [unknown],
    }
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "told-to-nobody"}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": CLUSTER}},
        "Balancer": {"Type": f"{kind}::LoadBalancer", "Properties": {"Name": "many"}},
        "ApiGroup": {"Type": f"{kind}::TargetGroup", "Properties": {**group, "Name": "many-api"}},
        "ShopGroup": {"Type": f"{kind}::TargetGroup", "Properties": {**group, "Name": "many-shop"}},
        "Listener": {"Type": f"{kind}::Listener", "Properties": listener},
        "ToApi": rule(1, "/api*", "ApiGroup"),
        "ToShop": rule(2, "/shop*", "ShopGroup"),
        **service("api", "one", data, DesiredCount=2, **behind("ApiGroup")),
        **service("shop", "one", data, **behind("ShopGroup")),
        **service("worker", "one", data, DesiredCount=2),
        **service("scheduler", scheduler, data, **SINGLETON),
    }

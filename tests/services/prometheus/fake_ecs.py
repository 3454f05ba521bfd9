"""An ECS that answers as the SDK expects, with tasks that a test puts in. The emulator's own runs none."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARN = "arn:aws:ecs:us-east-1:000000000000"


@dataclass
class FakeEcs:
    """Tasks by id: the service's name and the port on loopback."""

    url: str = ""
    tasks: dict[str, tuple[str, int]] = field(default_factory=dict)
    failing: bool = False

    def answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action == "ListTasks":
            return {"taskArns": [f"{ARN}:task/{request['cluster']}/{each}" for each in self.tasks]}
        if action == "DescribeTasks":
            return {"tasks": [self._task(arn) for arn in request["tasks"]]}
        family = request["taskDefinition"].rsplit("/", 1)[-1].split(":")[0]
        environment = [{"name": "POWERTOOLS_SERVICE_NAME", "value": family}]
        definition = {"name": "Main", "portMappings": [{"containerPort": 3000}], "environment": environment}
        return {"taskDefinition": {"containerDefinitions": [definition]}}

    def _task(self, arn: str) -> dict[str, Any]:
        service, port = self.tasks[arn.rsplit("/", 1)[-1]]
        binding = {"bindIP": "127.0.0.1", "containerPort": 3000, "hostPort": port, "protocol": "tcp"}
        return {
            "taskArn": arn,
            "taskDefinitionArn": f"{ARN}:task-definition/{service}:1",
            "lastStatus": "RUNNING",
            "containers": [{"name": "Main", "networkBindings": [binding]}],
        }


@contextmanager
def fake_ecs() -> Iterator[FakeEcs]:
    ecs = FakeEcs()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            action = self.headers["X-Amz-Target"].rsplit(".", 1)[-1]
            body = json.dumps(ecs.answer(action, request)).encode()
            self.send_response(500 if ecs.failing else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing of it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ecs.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield ecs
    finally:
        server.shutdown()
        server.server_close()

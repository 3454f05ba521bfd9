"""A consumer's template differs just enough for CloudFormation to look at what refers to something replaced."""

import hashlib
import json
from pathlib import Path

from assembly.changes.classify import compare
from assembly.changes.model import Consumer
from deployment.touch import NOTE, touch
from tests.assembly.assemblies import write
from tests.assembly.changes.given import QUEUE, output, resource, template, templates

TOPIC = "AWS::SNS::Topic"
API = template(
    Holds=resource(TOPIC, {"DisplayName": output("queue", "Name")}, Metadata={"aws:cdk:path": "x"}),
    Free=resource(TOPIC),
)


def assembly(folder: Path) -> tuple[Path, str]:
    """An assembly whose template is uploaded under its hash, and that hash."""
    write(folder, queue=template(Queue=resource(QUEUE)), api=API)
    digest = hashlib.sha256((folder / "api.template.json").read_bytes()).hexdigest()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["api"]["properties"]["stackTemplateAssetObjectUrl"] = f"s3://assets/{digest}.json"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "api.assets.json").write_text(json.dumps({"files": {digest: {"objectKey": f"{digest}.json"}}}))
    return folder, digest


def test_only_what_holds_the_reference_is_touched(tmp_path: Path) -> None:
    folder, before = assembly(tmp_path)
    other = (folder / "queue.template.json").read_bytes()
    touch(folder, Consumer(stack="shop-api", stack_id="api", holds=("queue/Queue",), resources=("Holds",)))
    content = (folder / "api.template.json").read_bytes()
    resources = json.loads(content)["Resources"]
    assert resources["Holds"]["Metadata"] == {"aws:cdk:path": "x", NOTE: "queue/Queue"}
    assert resources["Holds"]["Properties"] == API["Resources"]["Holds"]["Properties"]
    assert resources["Free"] == API["Resources"]["Free"]
    assert (folder / "queue.template.json").read_bytes() == other
    # The CLI would skip the upload of what is there under the same hash.
    after = hashlib.sha256(content).hexdigest()
    for name in ("manifest.json", "api.assets.json"):
        text = (folder / name).read_text()
        assert before not in text
        assert after in text


def test_the_comparison_names_what_is_to_be_touched() -> None:
    before, after = (
        templates(queue=template({"Name": {"Ref": "Queue"}}, Queue=resource(QUEUE, {"QueueName": name})), api=API)
        for name in ("a", "b")
    )
    (consumer,) = compare(before, after).consumers
    assert consumer.resources == ("Holds",)


def test_a_note_is_no_change(tmp_path: Path) -> None:
    """What was touched is unchanged for the next comparison."""
    folder, _ = assembly(tmp_path)
    touch(folder, Consumer(stack="shop-api", stack_id="api", holds=("x",), resources=("Holds",)))
    touched = json.loads((folder / "api.template.json").read_text())
    comparison = compare(templates(api=touched), templates(api=API))
    assert {change.kind.value for change in comparison.changes} == {"unchanged"}

"""Makes CloudFormation look again at resources whose template is the same while what they refer to has changed.

`cdk deploy --force` alone leaves it to CloudFormation, which may find that a template without a difference has nothing
to do. A note in the metadata of a resource is a difference that changes nothing else; the next synthesis is without it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from assembly.changes.model import Consumer

NOTE = "deployment:refers-to"


def touch(assembly: Path, consumer: Consumer) -> None:
    """Note in the template of a consumer, at each resource that holds them, the references that changed."""
    for manifest_path in sorted(assembly.rglob("manifest.json")):
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        for key, artifact in manifest.get("artifacts", {}).items():
            properties = artifact.get("properties", {})
            name = properties.get("stackName", key)
            if artifact.get("type") == "aws:cloudformation:stack" and name == consumer.stack:
                folder = manifest_path.parent
                before, after = _rewrite(folder / properties["templateFile"], consumer)
                # The CLI uploads a template under its hash, and skips what is there already.
                for path in (manifest_path, *folder.glob("*.assets.json")):
                    text = path.read_text(encoding="utf-8")
                    path.write_text(text.replace(before, after), encoding="utf-8")


def _rewrite(path: Path, consumer: Consumer) -> tuple[str, str]:
    """Returns the template's hash before and after."""
    content = path.read_bytes()
    template: dict[str, Any] = json.loads(content)
    for logical_id in consumer.resources:
        template["Resources"][logical_id].setdefault("Metadata", {})[NOTE] = ", ".join(consumer.holds)
    changed = json.dumps(template, indent=1).encode()
    path.write_bytes(changed)
    return hashlib.sha256(content).hexdigest(), hashlib.sha256(changed).hexdigest()

"""AWS::S3::Bucket: MiniStack's own provider, with the default encryption that it leaves out."""

from typing import Any
from xml.etree import ElementTree as ET

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provisioned, answer, register_type

_BUCKET = "AWS::S3::Bucket"


def register() -> None:
    """Provide the type."""
    register_type(_BUCKET, _Bucket())


class _Bucket:
    """AWS::S3::Bucket."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the bucket, and encrypt what comes into it."""
        name, attributes = provisioners._s3_create(logical_id, properties, stack)
        _encrypt(name, properties)
        return name, attributes

    def update(
        self,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str | None = None,  # noqa: ARG002 - CloudFormation's signature
    ) -> Provisioned:
        """Change the bucket, or make one of the new name."""
        name, attributes = provisioners._s3_update(physical_id, old, new, stack)
        _encrypt(name, new)
        return name, attributes

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the bucket."""
        provisioners._s3_delete(physical_id, properties)


def _encrypt(name: str, properties: Properties) -> None:
    rules = (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration") or []
    # MiniStack has no `aws/s3`, and refuses what the CDK CLI uploads to a bucket that is said to use it.
    if not any(_has_key(rule.get("ServerSideEncryptionByDefault") or {}) for rule in rules):
        s3._delete_bucket_encryption(name)
        return
    document = ET.Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in rules:
        document.append(_element("Rule", rule))
    answer(s3._put_bucket_encryption(name, ET.tostring(document)), _BUCKET)


def _has_key(default: Properties) -> bool:
    return default.get("SSEAlgorithm") == "aws:kms" and bool(default.get("KMSMasterKeyID"))


def _element(name: str, content: Any) -> ET.Element:
    """S3's XML has the names of CloudFormation's properties, but for one."""
    found = ET.Element(_IN_XML.get(name, name))
    if isinstance(content, dict):
        found.extend(_element(each, value) for each, value in content.items())
    else:
        found.text = str(content).lower() if isinstance(content, bool) else str(content)
    return found


_IN_XML = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}

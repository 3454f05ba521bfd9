"""What is tried against the deployed system, and refused by the policies of its buckets."""

import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import DeployedCloud
from tests.e2e.insecure import over_plain_http

REFUSED = r"AccessDenied|Forbidden|not authorized|explicit deny"


def test_the_bucket_refuses_plain_http(cloud: DeployedCloud) -> None:
    """To the role that may read and write it; the embedded cloud holds its own account to no bucket's policy."""
    bucket = cloud.output("Storage", "BackupsBucketName")
    functions = cloud.client("lambda").list_functions()["Functions"]
    dumping = [each for each in functions if bucket in each.get("Environment", {}).get("Variables", {}).values()]
    allowed, plain = cloud.as_role(dumping[0]["Role"], "s3"), over_plain_http(cloud.as_role(dumping[0]["Role"], "s3"))
    # The role itself may not look for what is there.
    (stored, *_) = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    with pytest.raises(ClientError, match=REFUSED):
        plain.put_object(Bucket=bucket, Key=stored["Key"], Body=b"text")
    with pytest.raises(ClientError, match=REFUSED):
        plain.get_object(Bucket=bucket, Key=stored["Key"])
    # The same role, the same request, with TLS.
    assert allowed.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()

"""A stack with a database of each kind, one of them with a function for dumps."""

from tests.local.emulator.cloud import ROOT, zipped

STACK = "shop-dev-database"
INSTANCE = {
    "Engine": "postgres",
    "EngineVersion": "18.6",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": "20",
    "DBName": "pages",
    "MasterUsername": "app",
    "ManageMasterUserPassword": True,
    "BackupRetentionPeriod": 7,
}
CLUSTER = {
    "Engine": "aurora-postgresql",
    "EngineVersion": "18.6",
    "DatabaseName": "orders",
    "MasterUsername": "app",
    "ManageMasterUserPassword": True,
    "BackupRetentionPeriod": 7,
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1},
}
CODE = "code"
ROLE = {
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
    "Policies": [
        {
            "PolicyName": "dump",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": ["s3:*", "secretsmanager:GetSecretValue"], "Resource": "*"}
                ],
            },
        }
    ],
}
RESOURCES = {
    "Pages": {"Type": "AWS::RDS::DBInstance", "Properties": INSTANCE},
    "Orders": {"Type": "AWS::RDS::DBCluster", "Properties": CLUSTER},
    "Writer": {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "Engine": "aurora-postgresql",
            "DBClusterIdentifier": {"Ref": "Orders"},
            "DBInstanceClass": "db.serverless",
        },
    },
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": ROLE},
    "Dump": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "workers.backups.handler.handler",
            "Code": {"S3Bucket": CODE, "S3Key": "backups.zip"},
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": 120,
            "Environment": {
                "Variables": {
                    "APP_ENV": "test",
                    "POWERTOOLS_SERVICE_NAME": "backups",
                    "POWERTOOLS_METRICS_NAMESPACE": "test",
                    "DATABASE_SCHEMA": "notifications",
                    "DATABASE_HOST": {"Fn::GetAtt": ["Pages", "Endpoint.Address"]},
                    "DATABASE_PORT": {"Fn::GetAtt": ["Pages", "Endpoint.Port"]},
                    "DATABASE_NAME": "pages",
                    "DATABASE_SECRET_ARN": {"Fn::GetAtt": ["Pages", "MasterUserSecret.SecretArn"]},
                    "DATABASE_SSLMODE": "disable",
                    "BACKUPS_BUCKET": {"Ref": "Bucket"},
                }
            },
        },
    },
}


def code() -> bytes:
    """The project's own function, with the package that it needs."""
    files = [path for folder in ("services", "workers/backups") for path in (ROOT / folder).rglob("*.py")]
    return zipped({str(path.relative_to(ROOT)): path.read_text() for path in [*files, ROOT / "workers/__init__.py"]})

"""The customer key of a stack: one KMS key, made where it encrypts, and the permissions of those who use it.

The key stands in the stack of what it encrypts, and nobody else is named in its policy: a consumer's permission is made
from the consumer's side, so a new consumer changes its own stack only. Actions are written out, since the CDK's own
grants name some by wildcards.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from config.model import Lifecycle
from constructs_lib.lifecycle import removal_policy

# WAF takes no log group of another name.
# https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
FIREWALL_LOGS = "aws-waf-logs-"
# By this context of its node a stack says whether it has a key, and what becomes of that when the stack is deleted.
_CONTEXT = "groundwork:customer-keys"
_NONE = "none"
_KEY = "CustomerKey"
# What an administrator does with a key; using it is none of it.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_READING = "kms:Decrypt"
_WRITING = (_READING, "kms:GenerateDataKey")
# What services ask of a key in the name of whoever calls them: data keys, and of a key of volumes and snapshots those
# without their plaintext, which are encrypted anew when a snapshot is copied.
_SERVICE_USE = (
    *_WRITING,
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# They ask for data keys of whoever calls, and have nothing to do without him; the others go on by grants.
_WITHOUT_GRANTS = frozenset({"s3", "sqs"})


def give_keys(stack: Stack, lifecycle: Lifecycle | None) -> None:
    """Let a stack make a customer key as soon as something in it asks for one; None leaves it without."""
    stack.node.set_context(_CONTEXT, _NONE if lifecycle is None else lifecycle.value)


def customer_key(scope: Construct, *services: str, id_: str = _KEY) -> kms.IKey | None:
    """Return the key of the stack around a construct; None where encryption is left to the services' own keys.

    Args:
        scope: the construct whose resources it encrypts, which asks once.
        services: short names of the services that use the key in the name of their callers, such as `sqs`: the key
            serves nobody who comes by another way. None for logs, which CloudWatch encrypts by itself.
        id_: what the scope calls the key.
    """
    stack = Stack.of(scope)
    found: object = stack.node.try_get_context(_CONTEXT)
    if found in (None, _NONE):
        return None
    key = stack.node.try_find_child(_KEY)
    if key is None:
        key = encryption_key(
            stack, _KEY, description=f"Encrypts what {stack.stack_name} holds", lifecycle=Lifecycle(str(found))
        )
        _serve_logs(key)
    if not isinstance(key, kms.Key):
        message = f"{key.node.path} is no key"
        raise TypeError(message)
    _serve(key, services)
    # By its ARN: what the CDK would grant on a key it knows, it writes with wildcards, and into the key's policy.
    return kms.Key.from_key_arn(scope, id_, key.key_arn)


def encryption_key(scope: Construct, id_: str, *, description: str, lifecycle: Lifecycle) -> kms.Key:
    """Return the one key of a stack: its account's administrators look after it, and nobody uses it until let.

    A key that goes takes with it what it has encrypted: it stays wherever that stays.
    """
    administrators = iam.PolicyStatement(
        sid="Administration", principals=[iam.AccountRootPrincipal()], actions=list(_ADMINISTRATION), resources=["*"]
    )
    return kms.Key(
        scope,
        id_,
        alias=f"alias/{Stack.of(scope).stack_name}",
        description=description,
        enable_key_rotation=True,
        policy=iam.PolicyDocument(statements=[administrators]),
        removal_policy=removal_policy(lifecycle),
    )


def allow_decryption(role: iam.IGrantable, key: kms.IKey | None, service: str, **context: str) -> None:
    """Let a role read what a service keeps under a key; nothing where there is no key.

    `context` narrows it to one resource, by KMS's encryption context, such as `SecretARN="arn:…"`.
    """
    _allow(role, key, service, (_READING,), context)


def allow_encryption(role: iam.IGrantable, key: kms.IKey | None, service: str, **context: Sequence[str]) -> None:
    """Let a role write, and read, what a service keeps under a key; nothing where there is no key.

    `context` narrows it as with `allow_decryption`, to any of several resources.
    """
    _allow(role, key, service, _WRITING, context)


def allow_copying(role: iam.IGrantable, key: kms.IKey, service: str) -> None:
    """Let a role have a service copy what it keeps under a key: the service goes on by a grant."""
    principal = role.grant_principal
    via = {"kms:ViaService": _via(key, service)}
    principal.add_to_principal_policy(iam.PolicyStatement(actions=["kms:DescribeKey"], resources=[key.key_arn]))
    principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["kms:CreateGrant"],
            resources=[key.key_arn],
            conditions={"StringEquals": via, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        )
    )


def allow_reading_secret(role: iam.IGrantable, secret: secretsmanager.ISecret) -> None:
    """Let a role read the value of one secret, and decrypt it where it is under a customer key."""
    role.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn])
    )
    allow_decryption(role, secret.encryption_key, "secretsmanager", SecretARN=secret.secret_arn)


def _allow(
    role: iam.IGrantable,
    key: kms.IKey | None,
    service: str,
    actions: Sequence[str],
    context: Mapping[str, str | Sequence[str]],
) -> None:
    if key is None:
        return
    principal = role.grant_principal
    conditions = {
        "kms:ViaService": _via(key, service),
        **{f"kms:EncryptionContext:{name}": value for name, value in context.items()},
    }
    principal.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=[key.key_arn], conditions={"StringEquals": conditions})
    )


def _serve(key: kms.Key, services: Sequence[str]) -> None:
    """Let the account's principals use a key by way of services, as far as their own policies let them.

    Of equal statements, the CDK writes one.
    """
    stack = Stack.of(key)
    for service in services:
        here = {"kms:ViaService": _via(key, service), "kms:CallerAccount": stack.account}
        name = "".join(part.capitalize() for part in service.split("-"))
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Use{name}",
                principals=[iam.AccountRootPrincipal()],
                actions=list(_WRITING if service in _WITHOUT_GRANTS else _SERVICE_USE),
                resources=["*"],
                conditions={"StringEquals": here},
            )
        )
        if service in _WITHOUT_GRANTS:
            continue
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Grants{name}",
                principals=[iam.AccountRootPrincipal()],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={"StringEquals": here, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            )
        )


def _serve_logs(key: kms.Key) -> None:
    """Let CloudWatch use a key for the log groups of its stack, whose names CloudFormation begins with the stack's.

    Those of a firewall have a name of their own.

    A policy with the very ARN of a group would wait for the group, which waits for the key.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    stack = Stack.of(key)
    groups = [
        stack.format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        for name in (f"{stack.stack_name}-*", f"{FIREWALL_LOGS}{stack.stack_name}-*")
    ]
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Logs",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )


def _via(key: kms.IKey, service: str) -> str:
    return f"{service}.{Stack.of(key).region}.amazonaws.com"

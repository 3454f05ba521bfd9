"""AWS::RDS::DBCluster and DBInstance by the emulator's RDS actions, so that a template gets a real server too.

MiniStack's own providers for these types write records past its RDS service: no managed master password, no check of
the engine version, no deletion protection.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from local.emulator.databases import Databases, publish_cluster
from local.emulator.databases.instances import follow_retention
from local.emulator.databases.secrets import ATTACHED_SECRET
from local.emulator.resources.registry import Properties, Provisioned, answer, query, register_type

_CLUSTER = "AWS::RDS::DBCluster"
_INSTANCE = "AWS::RDS::DBInstance"
_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"

_FINAL_SNAPSHOT = "_final_snapshot"


def register(databases: Databases) -> None:
    """Provide both types, and remember which secret a template attaches to which database."""
    cluster, instance = _Cluster(databases), _Instance(databases)
    # MiniStack's updates replace a resource by calling these by name.
    provisioners._rds_db_cluster_create = cluster.create
    provisioners._rds_db_cluster_delete = cluster.delete
    provisioners._rds_db_instance_create = instance.create
    provisioners._rds_db_instance_delete = instance.delete
    register_type(_CLUSTER, cluster, blocks=True, snapshot=_remember_to_keep(rds._clusters))
    register_type(_INSTANCE, instance, blocks=True, snapshot=_remember_to_keep(rds._instances))
    handlers = provisioners._RESOURCE_HANDLERS[_ATTACHMENT]
    handlers["create"] = _remembering_secret(handlers["create"])


class _Cluster:
    """AWS::RDS::DBCluster."""

    def __init__(self, databases: Databases) -> None:
        """Use the servers of `databases`."""
        self._databases = databases

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the cluster and its server, empty or of a snapshot."""
        identifier = _identifier(properties.get("DBClusterIdentifier"), stack, logical_id)
        parameters = _parameters(properties, DBClusterIdentifier=identifier)
        action = "RestoreDBClusterFromSnapshot" if properties.get("SnapshotIdentifier") else "CreateDBCluster"
        answer(rds._ACTION_MAP[action](parameters), _CLUSTER)
        cluster = rds._clusters[identifier]
        cluster["EnabledCloudwatchLogsExports"] = list(properties.get("EnableCloudwatchLogsExports") or [])
        return identifier, self._attributes(cluster)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change settings and password in place, or create the replacement that a create-only property asks for."""
        changed_id, _ = _update_cluster(physical_id, dict(old), dict(new), stack, logical_id)
        cluster = rds._clusters[changed_id]
        server = self._databases.find(cluster["DBClusterArn"])
        if server is not None:
            # The emulator's update has written the template's port over the server's.
            publish_cluster(cluster, server)
            if new.get("MasterUserPassword") not in (None, old.get("MasterUserPassword")):
                server.set_password(cluster["MasterUsername"], str(new["MasterUserPassword"]))
            follow_retention(self._databases, cluster["DBClusterArn"], cluster)
        return changed_id, self._attributes(cluster)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the cluster, its server and its data.

        Raises:
            ValueError: deletion protection is on.
        """
        if physical_id in rds._clusters:
            parameters = {"DBClusterIdentifier": physical_id, **_final_snapshot(rds._clusters[physical_id])}
            answer(rds._ACTION_MAP["DeleteDBCluster"](parameters), _CLUSTER)

    @staticmethod
    def _attributes(cluster: dict[str, Any]) -> dict[str, Any]:
        return {**provisioners._rds_db_cluster_attrs(cluster), **_secret_attributes(cluster)}


class _Instance:
    """AWS::RDS::DBInstance, of a cluster or by itself."""

    def __init__(self, databases: Databases) -> None:
        """Use the servers of `databases`."""
        self._databases = databases

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the instance; by itself it gets a server, empty or of a snapshot, in a cluster it shares one."""
        identifier = _identifier(properties.get("DBInstanceIdentifier"), stack, logical_id)
        parameters = _parameters(
            properties,
            DBInstanceIdentifier=identifier,
            # The API's name of the property, and its list.
            VpcSecurityGroupIds=properties.get("VPCSecurityGroups"),
        )
        action = "RestoreDBInstanceFromDBSnapshot" if properties.get("DBSnapshotIdentifier") else "CreateDBInstance"
        answer(rds._ACTION_MAP[action](parameters), _INSTANCE)
        instance = rds._instances[identifier]
        return identifier, self._attributes(instance)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change settings and password in place, or create the replacement that a create-only property asks for."""
        former = dict((rds._instances.get(physical_id) or {}).get("Endpoint") or {})
        changed_id, _ = _update_instance(physical_id, dict(old), dict(new), stack, logical_id)
        instance = rds._instances[changed_id]
        if changed_id == physical_id:
            instance["Endpoint"] = former
            if new.get("MasterUserPassword") not in (None, old.get("MasterUserPassword")):
                rds._rotate_instance_password(instance, "", str(new["MasterUserPassword"]))
            follow_retention(self._databases, instance["DBInstanceArn"], instance)
        return changed_id, self._attributes(instance)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the instance; by itself also its server and data.

        Raises:
            ValueError: deletion protection is on.
        """
        if physical_id in rds._instances:
            parameters = {"DBInstanceIdentifier": physical_id, **_final_snapshot(rds._instances[physical_id])}
            answer(rds._ACTION_MAP["DeleteDBInstance"](parameters), _INSTANCE)

    @staticmethod
    def _attributes(instance: dict[str, Any]) -> dict[str, Any]:
        return {**provisioners._rds_db_instance_attrs(instance), **_secret_attributes(instance)}


_update_cluster = provisioners._rds_db_cluster_update
_update_instance = provisioners._rds_db_instance_update


def _remember_to_keep(store: dict[str, Any]) -> Callable[[str, Properties], None]:
    """Put off the snapshot of `DeletionPolicy: Snapshot` to the deletion: that does not hold up the event loop."""

    def remember(physical_id: str, properties: Properties) -> None:  # noqa: ARG001 - CloudFormation's signature
        if physical_id in store:
            store[physical_id][_FINAL_SNAPSHOT] = provisioners._snapshot_id(physical_id)

    return remember


def _final_snapshot(record: dict[str, Any]) -> dict[str, str]:
    final = record.pop(_FINAL_SNAPSHOT, None)
    return {"FinalDBSnapshotIdentifier": final} if final else {"SkipFinalSnapshot": "true"}


def _identifier(given: str | None, stack: str, logical_id: str) -> str:
    return str(given or provisioners._physical_name(stack, logical_id, lowercase=True, max_len=63))


def _parameters(properties: Properties, **replaced: Any) -> dict[str, str]:
    """Template properties as the action's parameters."""
    wanted = {name: value for name, value in properties.items() if name != "MasterUserSecret"}
    key = (properties.get("MasterUserSecret") or {}).get("KmsKeyId")
    return query({**wanted, "MasterUserSecretKmsKeyId": key, **replaced})


def _secret_attributes(record: dict[str, Any]) -> dict[str, str]:
    secret = record.get("MasterUserSecret") or {}
    return {f"MasterUserSecret.{name}": secret[name] for name in ("SecretArn", "KmsKeyId") if secret.get(name)}


def _remembering_secret(create: Callable[[str, Properties, str], Provisioned]) -> Callable[..., Provisioned]:
    """Attach a secret as the emulator does, and keep the server's password at its value from then on."""

    def attach(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        secret, attributes = create(logical_id, properties, stack)
        target = properties.get("TargetId")
        for store in (rds._clusters, rds._instances):
            if target in store:
                store[target][ATTACHED_SECRET] = secret
        return secret, attributes

    return attach

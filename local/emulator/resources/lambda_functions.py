"""AWS::Lambda::Function: MiniStack's own provider, with the reserved concurrency that it leaves out."""

from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import Properties, Provisioned, register_type

_FUNCTION = "AWS::Lambda::Function"


def register() -> None:
    """Provide the type."""
    register_type(_FUNCTION, _Function())


class _Function:
    """AWS::Lambda::Function."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the function and reserve its concurrency."""
        name, attributes = provisioners._lambda_create(logical_id, properties, stack)
        _connect(name, properties)
        _reserve(name, properties)
        return name, attributes

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change the function; its warm processes are replaced by the emulator."""
        name, attributes = provisioners._lambda_update(physical_id, old, new, stack, logical_id)
        _reserve(name, new)
        return name, attributes

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the function."""
        provisioners._lambda_delete(physical_id, properties)


def _connect(name: str, properties: Properties) -> None:
    """Keep in mind which network it is in, which MiniStack forgets."""
    network = properties.get("VpcConfig")
    if network:
        lambda_svc._functions[name]["config"]["VpcConfig"] = lambda_svc._vpc_config_with_id(network)


def _reserve(name: str, properties: Properties) -> None:
    reserved = properties.get("ReservedConcurrentExecutions")
    if reserved is None:
        lambda_svc._delete_function_concurrency(name)
    else:
        lambda_svc._put_function_concurrency(name, {"ReservedConcurrentExecutions": int(reserved)})

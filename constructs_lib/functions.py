"""Python functions: thin handlers from `workers/`, with the package `services` and its dependencies as layers."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_python_alpha import PythonFunction
from constructs import Construct

from constructs_lib.access import Access, Consumer
from constructs_lib.function_role import function_role
from constructs_lib.lifecycle import removal_policy
from constructs_lib.logs import log_group
from constructs_lib.network import HTTPS, PRIVATE, egress_security_group
from constructs_lib.packaging import LAMBDA_PYTHON, services_package
from constructs_lib.project import WORKERS_FOLDER
from constructs_lib.workload import WorkloadOptions

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64

if RUNTIME.name != f"python{LAMBDA_PYTHON}":
    message = f"dependencies are packaged for Python {LAMBDA_PYTHON}, functions run {RUNTIME.name}"
    raise AssertionError(message)


class RuntimeFunction(Construct):
    """A function in the private subnets, with a role, a security group and a log group of its own.

    `handler_folder` is the name of a folder below `workers/`; its `handler.py` offers `handler`. From `access` follow
    variables, permissions and network path; `variables` are what the function gets besides.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handler_folder: str,
        description: str,
        vpc: ec2.IVpc,
        options: WorkloadOptions,
        memory_mib: int,
        timeout_seconds: int,
        access: Access | None = None,
        variables: Mapping[str, str] | None = None,
        reserved_concurrency: int | None = None,
    ) -> None:
        super().__init__(scope, id_)
        security_group = egress_security_group(
            self,
            vpc=vpc,
            description=description,
            inside=options.inside,
            ports=access.egress_ports if access else (HTTPS,),
            leaves=access.leaves if access else False,
        )
        group = log_group(
            self, "Logs", retention=options.log_retention, removal_policy=removal_policy(options.lifecycle)
        )
        self.function = PythonFunction(
            self,
            "Function",
            entry=str(_entry(handler_folder)),
            index="handler.py",
            handler="handler",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            layers=self._layers(options),
            description=description,
            memory_size=memory_mib,
            timeout=Duration.seconds(timeout_seconds),
            reserved_concurrent_executions=reserved_concurrency,
            vpc=vpc,
            vpc_subnets=PRIVATE,
            security_groups=[security_group],
            log_group=group,
            role=function_role(self, "Role", log_group=group),
            environment={
                **options.variables(handler_folder),
                **(access.variables if access else {}),
                **(variables or {}),
            },
        )
        self.consumer = Consumer(role=self.function, network=self.function)
        if access:
            access.allow(self.consumer)

    def _layers(self, options: WorkloadOptions) -> list[lambda_.ILayerVersion]:
        packages = {"Services": services_package}
        if options.provider.dependencies_package is not None:
            packages["Dependencies"] = options.provider.dependencies_package
        return [
            lambda_.LayerVersion(
                self,
                name,
                code=lambda_.Code.from_asset(str(package())),
                compatible_runtimes=[RUNTIME],
                compatible_architectures=[ARCHITECTURE],
            )
            for name, package in packages.items()
        ]


def _entry(handler_folder: str) -> Path:
    """Return the folder of a handler.

    Raises:
        ValueError: it lists dependencies. Nothing is bundled from there: they would be missing at run time.
    """
    entry = WORKERS_FOLDER / handler_folder
    for name in ("requirements.txt", "Pipfile", "poetry.lock", "uv.lock"):
        if (entry / name).exists():
            fault = f"{entry / name} would not be installed: add its packages to the group functions in pyproject.toml"
            raise ValueError(fault)
    return entry

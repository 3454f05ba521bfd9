"""Which engine versions RDS accepts: what aws-cdk-lib knows of the majors that can still be created, or newer."""

from ministack.services import rds

from local.emulator.databases.actions import Action, Parameters, Response, refused, value

# The highest minor of each major.
_POSTGRES_MINORS = {13: 23, 14: 23, 15: 18, 16: 14, 17: 10, 18: 6}
# What the CDK names and the emulator's own list leaves out.
_MORE_AURORA_VERSIONS = ("16.0", "16.1", "16.2", "16.3", "16.4", "16.5", "16.6", "17.1", "17.2", "18.6")


def install() -> None:
    """Let the emulator's list of Aurora's versions hold those of the CDK as well."""
    for version in _MORE_AURORA_VERSIONS:
        rds.AURORA_POSTGRESQL_ENGINE_VERSIONS.append((version, f"aurora-postgresql{version.split('.')[0]}"))
        rds.AURORA_POSTGRESQL_ENGINE_VERSION_SET.add(version)


def checked(original: Action) -> Action:
    """CreateDBInstance, which refuses a version of PostgreSQL that does not exist. The emulator takes any."""

    def create_instance(parameters: Parameters) -> Response:
        engine, version = value(parameters, "Engine"), value(parameters, "EngineVersion")
        if engine == "postgres" and version and not _exists(version):
            return refused("InvalidParameterCombination", f"Cannot find version {version} for postgres")
        if engine == "postgres" and not version:
            parameters = {**parameters, "EngineVersion": f"18.{_POSTGRES_MINORS[18]}"}
        return original(parameters)

    return create_instance


def _exists(version: str) -> bool:
    major, _, minor = version.partition(".")
    if not major.isdecimal() or int(major) not in _POSTGRES_MINORS:
        return False
    return not minor or (minor.isdecimal() and int(minor) <= _POSTGRES_MINORS[int(major)])

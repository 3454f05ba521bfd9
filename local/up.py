"""`up`: a running cloud with the app deployed in it, from nothing or from whatever is there already."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console

from local import cdk
from local.cdk_output import DeployProgress
from local.cloud import Cloud
from local.cloud_assembly import Assembly, read_assembly
from local.demos import demo_of
from local.demos.preparation import context, prepare
from local.demos.stage import Stage
from local.prerequisites import require_programs, stand_ins
from local.progress import DeploymentView, Phases
from local.report import print_summary
from local.servers import start_servers
from local.settings import Settings
from local.state import Deployment, StackState, State, load
from local.tools import install_tools

PROVIDER = "local"
API_URL_OUTPUT = "ApiUrl"


@dataclass(frozen=True, kw_only=True, slots=True)
class UpOptions:
    """What to deploy."""

    system: str
    env: str
    demonstrate: bool
    """Do the system's work once everything stands, and show it."""


def up(settings: Settings, options: UpOptions, console: Console) -> None:
    """Start what doesn't run, deploy what changed, demonstrate, and report.

    Raises:
        LocalError: any of it failed; what already runs goes on running.
    """
    phases = Phases(console)
    demo = demo_of(options.system)
    with phases.phase("cloud", f"starting the cloud on port {settings.port}"):
        start_servers(settings)
        install_tools(settings)
    with phases.phase("synth", "cdk synth"):
        offered = context(settings, demo, options.system, options.env)
        assembly, warnings = _synthesize(settings, options, offered)
        require_programs(assembly)
    cloud = Cloud(settings)
    if not cloud.is_bootstrapped():
        with phases.phase("bootstrap", "cdk bootstrap"):
            cdk.bootstrap(settings)
    with phases.phase("deploy", "cdk deploy --all"), DeploymentView(console) as view:
        progress = cdk.deploy(settings, on_change=view.update)
    deployment = _deployment(options, cloud, progress)
    state = _state(settings, deployment)
    state.save(settings)
    prepare(settings, deployment, assembly)
    if options.demonstrate:
        with phases.phase(demo.name, demo.doing):
            demo.run(Stage(settings=settings, deployment=deployment, console=console))
    print_summary(console, settings, state, phases, notes=[*warnings, *stand_ins(assembly.types())])


def _synthesize(settings: Settings, options: UpOptions, offered: Mapping[str, str]) -> tuple[Assembly, list[str]]:
    fixed = {"system": options.system, "env": options.env, "provider": PROVIDER}
    try:
        warnings = cdk.synthesize(settings, fixed | dict(offered))
    except cdk.SynthesisError as error:
        # What a system that nobody has told this package about has a use for, only the app itself knows.
        if not error.unused_context & set(offered):
            raise
        warnings = cdk.synthesize(
            settings,
            fixed | {name: value for name, value in offered.items() if name not in error.unused_context},
        )
    return read_assembly(settings.assembly), warnings


def _deployment(options: UpOptions, cloud: Cloud, progress: DeployProgress) -> Deployment:
    deployed = cloud.stacks()
    stacks = {
        stack.id: StackState(
            stack_name=name,
            status=deployed[name].status,
            seconds=round(stack.seconds or 0.0, 1),
            outputs=deployed[name].outputs,
        )
        for name, stack in progress.stacks.items()
        if name in deployed
    }
    api_urls = [stack.outputs[API_URL_OUTPUT] for stack in stacks.values() if API_URL_OUTPUT in stack.outputs]
    api_url = cloud.reachable(api_urls[0]).rstrip("/") if api_urls else None
    return Deployment(system=options.system, env=options.env, api_url=api_url, stacks=stacks)


def _state(settings: Settings, deployment: Deployment) -> State:
    """What is deployed, what was so before included."""
    state = State(
        endpoint_url=settings.endpoint_url,
        ca_bundle=str(settings.ca_bundle),
        receiver_url=settings.receiver_url,
        region=settings.region,
        account=settings.account,
        provider=PROVIDER,
        deployments={deployment.name: deployment},
    )
    return state.following(load(settings))

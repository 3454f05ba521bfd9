"""`up`: a running cloud with the app deployed in it, from nothing or from whatever is there already."""

from dataclasses import dataclass

from rich.console import Console

from local import cdk, demo
from local.cdk_output import DeployProgress
from local.cloud import Cloud
from local.progress import DeploymentView, Phases
from local.report import print_summary
from local.servers import start_servers
from local.settings import Settings
from local.state import StackState, State
from local.tools import install_tools

PROVIDER = "local"
API_URL_OUTPUT = "ApiUrl"


@dataclass(frozen=True, kw_only=True, slots=True)
class UpOptions:
    """What to deploy."""

    system: str
    env: str
    demonstrate: bool
    """Send one notification per channel once everything stands."""


def up(settings: Settings, options: UpOptions, console: Console) -> None:
    """Start what doesn't run, deploy what changed, demonstrate, and report.

    Raises:
        LocalError: any of it failed; what already runs goes on running.
    """
    phases = Phases(console)
    with phases.phase("cloud", f"starting the cloud on port {settings.port}"):
        start_servers(settings)
        install_tools(settings)
    cloud = Cloud(settings)
    if not cloud.is_bootstrapped():
        with phases.phase("bootstrap", "cdk bootstrap"):
            cdk.bootstrap(settings)
    context = {
        "system": options.system,
        "env": options.env,
        "provider": PROVIDER,
        **demo.context(settings, options.env),
    }
    with phases.phase("deploy", "cdk deploy --all"), DeploymentView(console) as view:
        progress = cdk.deploy(settings, context, on_change=view.update)
    state = _state(settings, options, cloud, progress)
    state.save(settings)
    demo.prepare(settings, state)
    if options.demonstrate:
        with phases.phase("notifications", "sending one notification per channel"):
            demo.run(settings, state, console)
    print_summary(console, state, phases)


def _state(settings: Settings, options: UpOptions, cloud: Cloud, progress: DeployProgress) -> State:
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
    return State(
        api_url=cloud.reachable(api_urls[0]).rstrip("/") if api_urls else None,
        endpoint_url=settings.endpoint_url,
        ca_bundle=str(settings.ca_bundle),
        receiver_url=settings.receiver_url,
        region=settings.region,
        account=settings.account,
        system=options.system,
        env=options.env,
        provider=PROVIDER,
        stacks=stacks,
    )

"""The embedded AWS: a whole CDK app deployed to this machine by the real CDK CLI, without account and without Docker.

`python -m local up | down | status | logs | env` is the operator's side; `local.emulator` is the cloud itself.
Nothing here knows this repository's stacks: it speaks to the AWS API and to templates, and would serve another CDK
app as well. `local.demo` alone knows the notifications API.
"""

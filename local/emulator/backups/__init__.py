"""AWS Backup of databases: recovery points that hold the data, in vaults of any region, and restores of them.

MiniStack keeps vaults, plans and selections; its jobs are records that say `COMPLETED`. Here a job takes a snapshot of
the database, which RDS lists as AWS's does. Plans are kept and described; their schedules do not run.
"""

from ministack.services import backup

from local.emulator.backups import jobs, points
from local.emulator.backups.requests import off_the_loop
from local.emulator.databases import Databases


def install(databases: Databases) -> None:
    """Let jobs do their work, and let the rest of the API tell of it."""
    backup.handle_request = off_the_loop(backup.handle_request, jobs.Jobs(databases))
    points.install()
    jobs.install()

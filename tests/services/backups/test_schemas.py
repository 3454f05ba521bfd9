"""Every schema that the project has can be dumped, and its dump be proven."""

from pathlib import Path

import pytest

from services import migrations
from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.service import Backups
from services.backups.session import Sessions
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.support.postgres import TestDatabase

SCHEMAS = sorted(path.parent.name for path in Path(migrations.__file__).parent.glob("*/0001_*.py"))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_dump_of_the_schema_is_proven(schema: str, empty_database: TestDatabase, bucket: DumpBucket) -> None:
    migrations.apply(empty_database.connect(), schema)
    sessions = Sessions(DatabaseUrl(DATABASE_URL=empty_database.url), SecretValues(), application_name="backups")
    backups = Backups(sessions=sessions, bucket=bucket, migrations=schema)
    report = backups.back_up(Budget(60))
    assert report.tables > 0

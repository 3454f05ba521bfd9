"""webapp: what is the same in every environment, however large it is."""

from config.model import BackupConfig, BucketConfig, DumpConfig, FixedResponse, Route, StorageConfig, Uses

SYSTEM = "webapp"
OWNER = "web"
COST_CENTER = "webapp"
CIDR = "10.0.0.0/16"
DATABASE_NAME = "webapp"
SCHEMA_NAME = "pages"
POSTGRES_VERSION = "18.4"
USES = Uses(database="pages")
# What no rule names is answered by the load balancer itself, so that it can be probed without a task.
FIXED_RESPONSE = FixedResponse(status=200, body="OK")
ROUTE = Route(paths=("/pages*", "/health"))
STORAGE = StorageConfig(buckets={"backups": BucketConfig(expire_days=30, noncurrent_days=7)})
BACKUP = BackupConfig(retention_days=30, dump=DumpConfig(database="pages", bucket="backups"))
PLAIN_HTTP_BECAUSE = "public pages without sign-in; -c certificate_arn=… serves them over HTTPS"
OPEN_BECAUSE = "public pages, which everybody may read and write without signing in"

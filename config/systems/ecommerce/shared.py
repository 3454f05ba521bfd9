"""ecommerce: what is the same in every environment, however large it is."""

from typing import Final

from config.model import BucketConfig, StorageConfig

SYSTEM = "ecommerce"
OWNER = "shop"
COST_CENTER = "ecommerce"
CIDR = "10.0.0.0/16"
ZONES = 3
POSTGRES_VERSION = "18.4"
RABBITMQ_VERSION: Final = "4.2"
EMAIL_SENDER = "orders@example.com"
STORAGE = StorageConfig(buckets={"media": BucketConfig(noncurrent_days=30, infrequent_access_days=90)})

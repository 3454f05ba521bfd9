"""The cloud itself: MiniStack in this process under TLS with IAM enforced, and what it lacks for a whole CDK app.

Run with `python -m local.emulator --data DIR --certificate FILE --key FILE --ca FILE`.

What is added, each by calling or wrapping the emulator's own functions, never by editing its files:

- `resources/`: CloudFormation types it does not know, or fills incompletely;
- `databases/`: a real PostgreSQL behind every PostgreSQL cluster and instance of RDS;
- `caches.py`: a real Redis or Valkey behind every replication group and cluster of ElastiCache;
- `brokers.py`: a real RabbitMQ behind every RabbitMQ broker of Amazon MQ;
- `resources/prometheus.py`: a real Prometheus behind every workspace;
- `permissions/`: questions to IAM that AWS asks in the name of roles, and a record of every decision;
- `tasks/`: ECS containers as local processes;
- `load_balancer.py`: addresses, health and failures of targets as an Application Load Balancer has them.

State does not survive a restart: every start begins with an empty cloud (the image store below `images/` is kept, its
entries are named by content). A restart after `kill -9` first stops the processes the killed one left behind.
"""

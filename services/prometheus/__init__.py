"""A Prometheus server that finds the tasks of an ECS cluster by itself, and its load balancer's metrics too."""

"""Apache Kafka: topics, consumer groups and their lag, read through the Admin API. No group is joined or changed."""

from tools.brokers.kafka.broker import BROKER

__all__ = ["BROKER"]

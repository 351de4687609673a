"""RabbitMQ by its management HTTP API: only calls that read, with columns and in pages."""

from tools.brokers.rabbitmq.broker import BROKER

__all__ = ["BROKER"]

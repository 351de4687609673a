"""Azure Service Bus: queues, topics and subscriptions by the management API, messages by a peek that locks nothing."""

from tools.brokers.servicebus.broker import BROKER

__all__ = ["BROKER"]

"""Google Cloud Tasks: queues, limits, statistics and tasks of one project and location; nothing is dispatched."""

from tools.brokers.cloudtasks.broker import BROKER

__all__ = ["BROKER"]

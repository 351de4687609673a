"""Redis and Valkey: one connection pool per target, and only commands that read."""

from tools.brokers.redis.broker import BROKER

__all__ = ["BROKER"]

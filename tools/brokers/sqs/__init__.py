"""Amazon SQS, or what answers like it: attributes, redrive topology and CloudWatch, and no message is touched."""

from tools.brokers.sqs.broker import BROKER

__all__ = ["BROKER"]

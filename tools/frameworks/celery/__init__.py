"""Celery, read from its broker."""

from tools.frameworks.celery.framework import FRAMEWORK

__all__ = ["FRAMEWORK"]

"""The application that the tests' workers run; the reader never imports it."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery

app = Celery("lab", broker=os.environ["LAB_BROKER"])
app.conf.worker_enable_remote_control = not os.environ.get("LAB_MUTE")
app.conf.broker_transport_options = {"global_keyprefix": os.environ.get("LAB_PREFIX", "")}


@app.task(name="lab.nap")
def nap(seconds: float) -> None:
    time.sleep(seconds)


@app.task(name="lab.late_nap", acks_late=True)
def late_nap(seconds: float) -> None:
    time.sleep(seconds)


@app.task(name="lab.flaky", bind=True, max_retries=5)
def flaky(self: Any) -> None:
    raise self.retry(countdown=600)

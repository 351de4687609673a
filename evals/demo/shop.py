"""The Celery application of the demo: a small shop. Nothing in it knows Queuewright."""

from __future__ import annotations

import os
import time

from celery import Celery

app = Celery("shop", broker=os.environ["SHOP_BROKER"])
app.conf.task_routes = {"shop.receipt": {"queue": "receipts"}, "shop.thumbnail": {"queue": "thumbnails"}}
app.conf.task_ignore_result = True
app.conf.worker_hijack_root_logger = False


@app.task(name="shop.receipt")
def receipt(order: int) -> int:
    """Sends one receipt."""
    time.sleep(0.05)
    return order


@app.task(name="shop.thumbnail")
def thumbnail(picture: int) -> int:
    """Shrinks one picture."""
    time.sleep(0.2)
    return picture

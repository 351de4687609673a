"""`make demo`: a real Redis, a real Celery with one fault in it, two questions and their answers."""

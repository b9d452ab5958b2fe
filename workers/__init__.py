"""Entry points of Celery, the watcher and the scheduler; thin."""

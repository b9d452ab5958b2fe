"""Tasks of the queue `imports`: analyses of repositories and files that people name by URL.

Thin: the named job or, failing that, the next one is claimed and worked off. Ringing twice is harmless.
"""

from workers.celery import celery, services


@celery.task(name="imports.analyze")
def analyze(session_id: str) -> None:
    """Fetch, look and convert; the session says how it went."""
    services().jobs.work_off(services().import_jobs, session_id)

"""Tasks of the queue `deploys`: runs of workflows, and the removal of what no graph has any more.

Thin: the named job or, failing that, the next one is claimed and worked off. Ringing twice is harmless.
"""

from workers.celery import celery, services


@celery.task(name="deploys.run")
def run(run_id: str) -> None:
    """Apply a workflow's nodes."""
    services().jobs.work_off(services().deploys, run_id)


@celery.task(name="deploys.clean")
def clean(job_id: str) -> None:
    """Remove a workflow's objects that are gone from its graph."""
    services().jobs.work_off(services().cleanup_jobs, job_id)

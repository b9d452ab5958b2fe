"""Queue `maintenance`: what is due from time to time and takes long. Rung by the scheduler, a task a duty."""

from concurrent.futures import ThreadPoolExecutor

from workers.celery import celery, services


@celery.task(name="maintenance.check_clusters")
def check_clusters(_due: str) -> None:
    """Look at every cluster whose check is due; finish additions and removals that died half-way."""
    services().cluster_removals.sweep()
    with ThreadPoolExecutor(services().settings.cluster_health_concurrency, "check-cluster") as threads:
        services().clusters.health.check_due(threads)

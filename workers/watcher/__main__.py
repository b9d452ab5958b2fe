"""`python -m workers.watcher`: follows the clusters and writes live states. Any number may run."""

from bson import ObjectId

from app.bootstrap import Services
from app.kube.pace import Pace
from app.workflows.live import LiveStates
from workers.process import start, stop_on_signals
from workers.watcher.shard import Shard
from workers.watcher.shards import Held, Shards


def main() -> None:
    """Until told to stop; a second signal ends it at once."""
    stop = stop_on_signals()
    services = start("watcher", stopping=stop.is_set)
    Shards(
        services.leases,
        services.owner,
        lambda: dict(services.clusters.watchable()),
        lambda cluster_id, version, held: _open(services, cluster_id, version, held),
        services.clock,
        hold_s=services.settings.lease_seconds,
    ).run(stop)


def _open(services: Services, cluster_id: ObjectId, version: int, held: Held) -> Shard:
    live = LiveStates(
        cluster_id=cluster_id,
        shard=str(cluster_id),
        fence=held.lease.fence,
        states=services.state_store,
        events=services.workflow_events,
        ends=services.run_ends,
        clock=services.clock,
        may_write=held.may_write,
        flush_s=services.settings.watch_flush_ms / 1000,
    )
    resync_s = services.settings.watch_resync_seconds
    # Spread, so that a cluster's kinds aren't all listed at once; never later than was set.
    pace = Pace(resync_s=(0.9 * resync_s, 0.98 * resync_s))
    shard = Shard(cluster_id, version, clusters=services.clusters, live=live, clock=services.clock, pace=pace)
    shard.start()
    return shard


if __name__ == "__main__":
    main()

"""How watchers share clusters."""

from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from workers.watcher.shards import fair_share

CLUSTERS = sorted(ObjectId() for _ in range(5))


def test_one_watcher_takes_all() -> None:
    share = fair_share(CLUSTERS, [], [], 1)

    assert (share.claim, share.let_go) == (tuple(CLUSTERS), ())


def test_what_another_watches_is_left_to_it() -> None:
    assert fair_share(CLUSTERS, [], CLUSTERS[:3], 2).claim == tuple(CLUSTERS[3:])


def test_one_more_than_fair_is_let_be_so_that_shards_do_not_wander() -> None:
    assert fair_share(CLUSTERS, CLUSTERS[:4], CLUSTERS[:4], 2).let_go == ()
    assert fair_share(CLUSTERS, CLUSTERS, CLUSTERS, 2).let_go == (CLUSTERS[4],)


def test_a_removed_cluster_is_let_go() -> None:
    gone = ObjectId()

    assert fair_share(CLUSTERS, [gone], [gone], 1).let_go == (gone,)


@given(st.integers(0, 12), st.integers(1, 5))
def test_everything_is_watched_by_somebody_in_the_end(clusters: int, watchers: int) -> None:
    ids = [ObjectId() for _ in range(clusters)]
    mine: list[set[ObjectId]] = [set() for _ in range(watchers)]

    for each in mine * 2:
        held = set().union(*mine)
        share = fair_share(ids, each, held, watchers)
        each |= set(share.claim)

    assert set().union(*mine) == set(ids)
    assert max((len(each) for each in mine), default=0) <= -(-clusters // watchers)

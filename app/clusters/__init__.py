"""Clusters: credentials, connections, status, metadata.

routes        HTTP in and out
requests      what clients send: POST, PUT, credentials
answers       what they get: the cluster object and its relatives
models        documents: Cluster, Entry (who may see it), LogEntry
store         the only place that queries `clusters`, `cluster_access`, `default_clusters`
connection_log    the store of `cluster_logs`
clusters      what other domains call: find, connection, watchable, report
changes       add, update, replace credentials, remove, set default
health        test, refresh, the scheduled checks, reports of watchers
connections   one Connection a cluster and credentials version
candidate     what a cluster would look like after a change: merge rules, warnings
credentials   the secret part: which fields a type needs, how they are merged and sealed
kubeconfig    a person's kubeconfig → server and credentials, or why not
pem, tokens, server_url    single values: forms, checks, expiry
probe, metadata    what is asked of a cluster: does it know us; what it has and lets us do
"""

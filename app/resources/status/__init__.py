"""One pure function a kind: is this object healthy? Dicts in, a `Status` out; time is an argument.

registry      status_of, related_kinds, keep: the door to all of it
model         Status and its outlook
related       what a status function sees besides the object: pods, endpoints, evidence
pods          PodFacts: what is kept of a pod
endpoints     EndpointFacts: what is kept of an EndpointSlice
troubles      what stands in a pod's way, by its own account
reasons       that, judged by the time and with what Events and logs tell
due           when Events and logs are worth reading
workloads     what all owners of pods have in common
selectors     label selectors
fields        reading JSON without ever failing
deployment statefulset daemonset job cronjob pod service ingress networkpolicy persistentvolumeclaim hpa
configmap secret generic    a kind each
"""

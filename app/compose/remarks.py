"""What becomes of every key of a service that has no field of its own: a sentence each.

`FIELDS` are the keys that become fields; `REMARKS` those that are said. Together they are the published schema's
keys: a test goes through all of them, so a newer schema fails until somebody has decided about its new keys.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compose.findings import Findings, Level
from app.compose.work import Part, Work, truth

_NOT: Final = "KEY_NOT_CONVERTED"

FIELDS: Final[Mapping[str, str]] = {
    "image": "`image`",
    "build": "`_build` and a placeholder image",
    "build.context": "`_build.context`",
    "build.dockerfile": "`_build.dockerfile`",
    "build.dockerfile_inline": "a finding, in `_build`'s place",
    "build.args": "`_build.args`; secret ones are said and left out",
    "build.target": "`_build.target`",
    "build.platforms": "`_build.platform`: the first",
    "pull_policy": "`imagePullPolicy`",
    "entrypoint": "`command`",
    "command": "`args`",
    "environment": "a configmap and a secret node, read whole (`envFrom`); keys without a value: `envKeys`",
    "env_file": "as environment",
    "env_file.path": "as environment",
    "env_file.format": "as environment",
    "env_file.required": "as environment",
    "label_file": "as labels",
    "labels": "`annotations`",
    "annotations": "`annotations`",
    "deploy.labels": "`annotations`",
    "ports": "`ports` of the workload, a service node",
    "ports.target": "`containerPort`, `targetPort`",
    "ports.published": "a further port of the service node, or its `nodePort`",
    "ports.protocol": "`protocol`",
    "ports.host_ip": "loopback: reachable inside the cluster only",
    "expose": "`ports` of the workload, a service node",
    "volumes": "a claim, a configmap of files or an empty folder, each a `volumeMounts` entry",
    "volumes.type": "which of these",
    "volumes.source": "which of these",
    "volumes.target": "`mountPath`",
    "volumes.read_only": "`readOnly`",
    "volumes.volume.subpath": "`subPath`",
    "volumes.tmpfs.size": "`sizeLimit`",
    "volumes.bind": "which of these",
    "volumes.volume": "which of these",
    "volumes.tmpfs": "which of these",
    "tmpfs": "an empty folder in memory",
    "shm_size": "an empty folder in memory at /dev/shm",
    "use_api_socket": "a finding: Docker's socket is never mounted",
    "configs": "a configmap node, mounted as a file",
    "configs.source": "a configmap node, mounted as a file",
    "configs.target": "`mountPath`",
    "configs.uid": "a finding",
    "configs.gid": "a finding",
    "configs.mode": "a finding",
    "secrets": "a secret node, mounted as a file",
    "secrets.source": "a secret node, mounted as a file",
    "secrets.target": "`mountPath`",
    "secrets.uid": "a finding",
    "secrets.gid": "a finding",
    "secrets.mode": "a finding",
    "healthcheck": "`readinessProbe`",
    "healthcheck.test": "`readinessProbe`",
    "healthcheck.interval": "`periodSeconds`",
    "healthcheck.timeout": "`timeoutSeconds`",
    "healthcheck.retries": "`failureThreshold`",
    "healthcheck.start_period": "`initialDelaySeconds`",
    "healthcheck.disable": "no probe",
    "depends_on": "`dependsOn` and an edge",
    "depends_on.condition": "`condition`",
    "depends_on.required": "`required`",
    "depends_on.restart": "a finding",
    "links": "an edge, a service node for the alias",
    "scale": "`replicas`",
    "deploy": "",
    "deploy.replicas": "`replicas`",
    "deploy.mode": "which kind of workload",
    "deploy.resources": "`resources`",
    "deploy.resources.limits": "`resources.limits`",
    "deploy.resources.limits.cpus": "`resources.limits.cpu`",
    "deploy.resources.limits.memory": "`resources.limits.memory`",
    "deploy.resources.reservations": "`resources.requests`",
    "deploy.resources.reservations.cpus": "`resources.requests.cpu`",
    "deploy.resources.reservations.memory": "`resources.requests.memory`",
    "deploy.resources.reservations.devices": "`resources.limits`: graphics cards; others are said",
    "deploy.placement": "",
    "deploy.placement.constraints": "`nodeSelector`; what isn't an equality of a label is said",
    "deploy.restart_policy.condition": "whether it is a job",
    "deploy.restart_policy": "",
    "cpus": "`resources.limits.cpu`",
    "mem_limit": "`resources.limits.memory`",
    "mem_reservation": "`resources.requests.memory`",
    "gpus": "`resources.limits`",
    "gpus.capabilities": "which device it is",
    "gpus.count": "how many",
    "gpus.device_ids": "how many",
    "gpus.driver": "whose device it is",
    "gpus.options": "nothing: the device plugin knows no options",
    "deploy.resources.reservations.devices.capabilities": "which device it is",
    "deploy.resources.reservations.devices.count": "how many",
    "deploy.resources.reservations.devices.device_ids": "how many",
    "deploy.resources.reservations.devices.driver": "whose device it is",
    "deploy.resources.reservations.devices.options": "nothing: the device plugin knows no options",
    "user": "`securityContext.runAsUser`, `runAsGroup`, `fsGroup`",
    "group_add": "`securityContext.supplementalGroups`",
    "cap_add": "`securityContext.capabilities.add`, and a warning",
    "cap_drop": "`securityContext.capabilities.drop`",
    "privileged": "`securityContext.privileged`, and a warning",
    "read_only": "`securityContext.readOnlyRootFilesystem`",
    "sysctls": "`securityContext.sysctls`",
    "working_dir": "`workingDir`",
    "hostname": "`hostname`",
    "stop_grace_period": "`terminationGracePeriodSeconds`",
    "extra_hosts": "`hostAliases`",
    "stdin_open": "`stdin`",
    "tty": "`tty`",
    "platform": "`nodeSelector`",
    "restart": "whether it is a job, and its `restartPolicy`",
    "networks.aliases": "a service node each",
    "container_name": "a service node, when others use it",
    "models": "the run asks for the endpoint",
    "models.endpoint_var": "`envKeys`",
    "models.model_var": "an environment entry",
    "profiles": "which services are taken",
    "extends": "merged before",
    "extends.service": "merged before",
    "extends.file": "merged before",
    "provider": "a finding: it is left out",
    "provider.type": "a finding: it is left out",
    "provider.options": "a finding: it is left out",
    "triggers": "a job, or a cronjob a schedule",
    "triggers.manual": "a job",
    "triggers.schedule": "`schedule`",
    "triggers.schedule.cron": "`schedule`",
    "triggers.schedule.concurrency": "`concurrencyPolicy`",
    "triggers.schedule.missed_fires": "`startingDeadlineSeconds`",
}
"""Dotted keys of a service → what of the node they become. Names in mappings and places in lists are left out."""

_BUILDER = "is up to the builder: left out"
_MACHINE = "belongs to the machine: a pod can't set it, left out"
_SWARM = "is how Swarm replaces containers: a Deployment replaces its pods step by step, left out"
_DISK = "is set at the storage class, not at a workload: left out"
_NETWORK = "every pod has one address of its own in one flat network: left out"

REMARKS: Final[Mapping[str, tuple[Level, str]]] = {
    "attach": ("info", "is about the terminal of docker compose up: left out"),
    "blkio_config": ("warning", _MACHINE),
    "build.additional_contexts": ("warning", "a build has one context: copy the others into it"),
    "build.cache_from": ("info", _BUILDER),
    "build.cache_to": ("info", _BUILDER),
    "build.entitlements": ("warning", "a build gets no further rights: left out"),
    "build.extra_hosts": ("warning", "a build uses the network's own names: left out"),
    "build.isolation": ("info", _BUILDER),
    "build.labels": ("info", "write LABEL into the Dockerfile: left out"),
    "build.network": ("warning", _BUILDER),
    "build.no_cache": ("info", "choose it when you start the build: left out"),
    "build.no_cache_filter": ("info", _BUILDER),
    "build.privileged": ("warning", "a build gets no further rights: left out"),
    "build.provenance": ("info", _BUILDER),
    "build.pull": ("info", "a build looks its base images up each time: left out"),
    "build.sbom": ("info", _BUILDER),
    "build.secrets": ("warning", "give them when you start the build: left out"),
    "build.shm_size": ("info", _BUILDER),
    "build.ssh": ("warning", "a build has no SSH keys: fetch over https with a token, left out"),
    "build.tags": ("info", "the build's form says how the image is called: left out"),
    "build.ulimits": ("info", _BUILDER),
    "cgroup": ("warning", _MACHINE),
    "cgroup_parent": ("warning", _MACHINE),
    "cpu_count": ("warning", "write cpus, or deploy.resources.limits.cpus: left out"),
    "cpu_percent": ("warning", "write cpus, or deploy.resources.limits.cpus: left out"),
    "cpu_period": ("warning", "write cpus, or deploy.resources.limits.cpus: left out"),
    "cpu_quota": ("warning", "write cpus, or deploy.resources.limits.cpus: left out"),
    "cpu_rt_period": ("warning", _MACHINE),
    "cpu_rt_runtime": ("warning", _MACHINE),
    "cpu_shares": ("info", "write deploy.resources.reservations.cpus: it shares in proportion to that, left out"),
    "cpuset": ("warning", "which cores it gets is the kubelet's CPU manager's to say: left out"),
    "credential_spec": ("warning", "set it in the pod's Windows options by hand: left out"),
    "deploy.endpoint_mode": ("info", "a Service has one address for all its pods: left out"),
    "deploy.placement.max_replicas_per_node": ("warning", "set topology spread constraints by hand: left out"),
    "deploy.placement.preferences": ("warning", "set topology spread constraints by hand: left out"),
    "deploy.resources.limits.pids": ("warning", "is the kubelet's limit for each pod: left out"),
    "deploy.resources.reservations.generic_resources": ("warning", "ask for the device by its name under resources"),
    "deploy.restart_policy.delay": ("info", "Kubernetes waits longer after each restart, up to 5 minutes: left out"),
    "deploy.restart_policy.max_attempts": ("info", "counts for jobs only (backoffLimit): left out elsewhere"),
    "deploy.restart_policy.window": ("info", "Kubernetes waits longer after each restart, up to 5 minutes: left out"),
    "deploy.rollback_config": ("info", _SWARM),
    "deploy.update_config": ("info", _SWARM),
    "develop": ("info", "is for working on the code with docker compose watch: left out"),
    "device_cgroup_rules": ("warning", _MACHINE),
    "devices": ("warning", "a machine's devices need a device plugin in the cluster: left out"),
    "dns": ("warning", "pods ask the cluster's DNS: left out"),
    "dns_opt": ("warning", "pods ask the cluster's DNS: left out"),
    "dns_search": ("warning", "pods ask the cluster's DNS: left out"),
    "domainname": ("warning", "pods have the cluster's domain: left out"),
    "external_links": ("warning", "make a service of type ExternalName for it: left out"),
    "healthcheck.start_interval": ("info", "checks have one interval: left out"),
    "init": ("info", "the image should bring its own init (tini) if its program starts others: left out"),
    "ipc": ("warning", _MACHINE),
    "isolation": ("warning", "choose a runtime class by hand: left out"),
    "logging": ("info", "the cluster collects what the program prints: left out"),
    "mac_address": ("warning", _NETWORK),
    "mem_swappiness": ("warning", _MACHINE),
    "memswap_limit": ("info", "pods don't swap unless the kubelet is set up for it: left out"),
    "network_mode": ("warning", _NETWORK),
    "networks": ("info", "one flat network: all pods of the namespace reach each other, unless you choose policies"),
    "networks.driver_opts": ("info", _NETWORK),
    "networks.gw_priority": ("info", _NETWORK),
    "networks.interface_name": ("info", _NETWORK),
    "networks.ipv4_address": ("warning", "addresses are the cluster's to give: use the service's name, left out"),
    "networks.ipv6_address": ("warning", "addresses are the cluster's to give: use the service's name, left out"),
    "networks.link_local_ips": ("warning", "addresses are the cluster's to give: use the service's name, left out"),
    "networks.mac_address": ("warning", _NETWORK),
    "networks.priority": ("info", _NETWORK),
    "networks.use_service_name_alias": ("info", "a Service always has the service's name: left out"),
    "oom_kill_disable": ("warning", _MACHINE),
    "oom_score_adj": ("info", "follows from requests and limits: set those, left out"),
    "pid": ("warning", _MACHINE),
    "pids_limit": ("warning", "is the kubelet's limit for each pod: left out"),
    "ports.app_protocol": ("info", "is a hint for proxies: set appProtocol by hand, left out"),
    "ports.mode": ("info", "every published port of a Service is open on all machines: left out"),
    "ports.name": ("info", "ports are named by protocol and number: left out"),
    "post_start": ("warning", "set a postStart hook by hand, or start it from the command: left out"),
    "pre_start": ("warning", "add an init container by hand: left out"),
    "pre_stop": ("warning", "set a preStop hook by hand: left out"),
    "pull_refresh_after": ("info", "the image is looked up at each start with imagePullPolicy Always: left out"),
    "runtime": ("warning", "choose a runtime class by hand: left out"),
    "security_opt": ("warning", "set it in the security context by hand: left out"),
    "stop_signal": ("warning", "Kubernetes sends what the image's STOPSIGNAL says: set it in the Dockerfile, left out"),
    "storage_opt": ("warning", "set a limit of ephemeral-storage under resources: left out"),
    "triggers.schedule.timezone": ("warning", "the schedule counts in the cluster's time zone: shift it, left out"),
    "ulimits": ("warning", "are set in the container runtime of the machine, or by the program: left out"),
    "umask": ("warning", "set it in the command (umask 0027 && …): left out"),
    "userns_mode": ("warning", _MACHINE),
    "uts": ("warning", _MACHINE),
    "volumes.bind.create_host_path": ("info", "paths of a machine are not made: left out"),
    "volumes.bind.propagation": ("warning", "how mounts spread on a machine is not taken over: left out"),
    "volumes.bind.recursive": ("info", "how mounts spread on a machine is not taken over: left out"),
    "volumes.bind.selinux": ("info", "the cluster labels volumes itself: left out"),
    "volumes.consistency": ("info", "is for Docker Desktop: left out"),
    "volumes.image": ("warning", "an image can't be mounted: copy its files in an init container"),
    "volumes.tmpfs.mode": ("info", "an empty folder is writable for all: left out"),
    "volumes.volume.labels": ("info", "labels of a volume are not taken over"),
    "volumes.volume.nocopy": ("info", "a fresh claim is empty, nothing is copied from the image: as wanted"),
    "volumes_from": ("warning", "mount the same volumes by name here: left out"),
}  # fmt: skip
"""Dotted keys → how much it matters, and what to do."""

_MAPPINGS: Final = frozenset({"networks", "depends_on", "models", "provider.options"})
"""Keys whose own keys are names."""
_QUIET: Final[Mapping[str, Any]] = {
    "ports.mode": "ingress", "volumes.bind.create_host_path": True, "networks.use_service_name_alias": True,
}  # fmt: skip
"""What short forms stand for: said only where it differs."""


def remark_on(work: Work, part: Part) -> None:
    """Say what becomes of the keys that have no field."""
    said: set[str] = set()
    key = part.key
    for path, value in _paths(part.service, ""):
        if path in said or path not in REMARKS or _nothing_said(path, value):
            continue
        said.add(path)
        level, message = REMARKS[path]
        if not _special(work.findings, key, path, value, daemonset=part.kind == "daemonset"):
            work.findings.add(level, _NOT, message, service=key, key=path)


def _nothing_said(path: str, value: Any) -> bool:
    if path in _QUIET and (value == _QUIET[path] or truth(value) is _QUIET[path]):
        return True
    if path == "networks":
        return not isinstance(value, Mapping) or list(value) == ["default"]
    return value is None or (path == "volumes.volume.nocopy" and not truth(value))


def _special(findings: Findings, key: str, path: str, value: Any, *, daemonset: bool) -> bool:
    """Keys whose meaning depends on their value."""
    text = str(value)
    if path == "network_mode":
        if text.startswith(("service:", "container:")):
            message = f"{text[:60]}: sharing another container's network has no counterpart, it gets its own"
            findings.error("NETWORK_MODE_NOT_SUPPORTED", message, service=key, key=path)
        elif text == "host":
            findings.warn("NETWORK_MODE_NOT_SUPPORTED", host_network_message(daemonset), service=key, key=path)
        elif text == "none":
            message = "a pod always has a network: choose network policies to close it"
            findings.warn("NETWORK_MODE_NOT_SUPPORTED", message, service=key, key=path)
        else:
            findings.info("NETWORK_MODE_NOT_SUPPORTED", _NETWORK, service=key, key=path)
        return True
    if path == "pid" and text == "host" and daemonset:
        findings.warn(_NOT, "sees all processes of the machine that it runs on", service=key, key=path)
        return True
    return False


def host_network_message(daemonset: bool) -> str:
    """The machine's own network is for daemonsets."""
    if daemonset:
        return "uses the network of the machine that it runs on: other pods reach it at the machine's address"
    return "the machine's own network is for daemonsets only: it gets its own, publish the ports that it needs"


def _paths(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if prefix in _MAPPINGS:
                yield from _paths(part, prefix)
                continue
            path = f"{prefix}.{name}" if prefix else str(name)
            if path in REMARKS or path in FIELDS:
                yield path, part
                yield from _paths(part, path)
    elif isinstance(value, list):
        for part in value:
            yield from _paths(part, prefix)


# --- top level --------------------------------------------------------------------------------------------------

TOP_LEVEL: Final[Mapping[str, tuple[Level, str]]] = {
    "volumes.driver": ("warning", _DISK),
    "volumes.driver_opts": ("warning", _DISK),
    "volumes.labels": ("info", "labels of a volume are not taken over"),
    "networks.attachable": ("info", _NETWORK),
    "networks.driver": ("info", _NETWORK),
    "networks.driver_opts": ("info", _NETWORK),
    "networks.enable_ipv4": ("info", _NETWORK),
    "networks.enable_ipv6": ("info", _NETWORK),
    "networks.external": ("info", _NETWORK),
    "networks.internal": ("warning", "pods reach the outside: choose network policies to close that"),
    "networks.ipam": ("info", "addresses are the cluster's to give: left out"),
    "networks.labels": ("info", _NETWORK),
    "networks.name": ("info", _NETWORK),
    "configs.labels": ("info", "labels of a config are not taken over"),
    "configs.template_driver": ("warning", "templates are not filled in: write the values out"),
    "secrets.driver": ("warning", "where a secret is kept is the cluster's to say: left out"),
    "secrets.driver_opts": ("warning", "where a secret is kept is the cluster's to say: left out"),
    "secrets.labels": ("info", "labels of a secret are not taken over"),
    "secrets.template_driver": ("warning", "templates are not filled in: write the values out"),
    "models.context_size": ("info", "nothing here serves language models: left out"),
    "models.runtime_flags": ("info", "nothing here serves language models: left out"),
    "models.name": ("info", "nothing here serves language models: left out"),
    "volumes.name": ("info", "the claim has the volume's key as its name: left out"),
    "configs.name": ("info", "the configmap has the config's key as its name: left out"),
    "secrets.name": ("info", "the secret has its key as its name: left out"),
}  # fmt: skip
"""Keys of the sections beside `services` that have no field."""

TOP_FIELDS: Final = frozenset(
    {
        "volumes.external", "configs.external", "configs.file", "configs.content", "configs.environment",
        "secrets.external", "secrets.file", "secrets.environment", "models.model",
    }
)  # fmt: skip
"""Keys of the sections that are used."""


def remark_on_sections(work: Work) -> None:
    """Say what becomes of the keys beside `services`."""
    for section in ("volumes", "networks", "configs", "secrets", "models"):
        for name, resource in getattr(work.project, section).items():
            bound = section == "volumes" and (resource.get("driver_opts") or {}).get("device")
            for key, value in resource.items():
                remark = TOP_LEVEL.get(f"{section}.{key}")
                if remark is None or value is None or (key == "name" and truth(resource.get("external"))):
                    continue
                usual = key == "driver" and value in ("local", "default", "bridge") and not bound
                level: Level = "info" if usual else remark[0]
                work.findings.add(level, _NOT, f"{name}: {remark[1]}", key=f"{section}.{key}")

"""Nothing is dropped in silence: every key of the published schema becomes a field, or is said."""

import json
from typing import Any

import pytest

from app.compose.remarks import FIELDS, REMARKS, TOP_FIELDS, TOP_LEVEL
from app.compose.schema_check import compose_schema, unknown_keywords
from tests.unit.compose.keys import leaf_keys
from tests.unit.compose.projects import a_conversion

KEYS = leaf_keys(compose_schema())
SECTIONS = ("volumes", "networks", "secrets", "configs", "models")


def own_keys() -> list[str]:
    """Keys of services and jobs, without the names of networks and the like."""
    found: dict[str, None] = {}
    for key in KEYS:
        section, _, rest = key.partition(".*.")
        if section in ("services", "jobs") and rest:
            found[rest.replace(".*", "")] = None
    return list(found)


def decided(key: str) -> bool:
    """By its own entry, or by a remark on what it is a part of."""
    parts = key.split(".")
    above = [".".join(parts[:n]) for n in range(1, len(parts))]
    return key in FIELDS or key in REMARKS or any(part in REMARKS for part in above if part != "networks")


def test_each_key_of_a_service_has_been_decided_about() -> None:
    assert [key for key in own_keys() if not decided(key)] == []


def test_no_entry_is_about_a_key_that_is_gone() -> None:
    assert [key for key in (*FIELDS, *REMARKS) if key not in own_keys()] == []


def test_each_key_beside_services_has_been_decided_about() -> None:
    keys = {key.replace(".*", "") for key in KEYS if key.split(".")[0] in SECTIONS and key.count(".") == 2}

    assert keys - {f"{section}." for section in SECTIONS} == TOP_FIELDS | TOP_LEVEL.keys()


def test_no_key_is_a_field_and_a_remark_at_once() -> None:
    assert FIELDS.keys() & REMARKS.keys() == set()


def test_the_schema_uses_no_word_that_is_not_checked() -> None:
    assert unknown_keywords() == set()


# One value a key; it must make a difference: in the graph, or as a finding that names the key.
SAMPLES: dict[str, Any] = {
    "annotations": {"a/b": "c"}, "attach": False, "blkio_config": {"weight": 10}, "build": {"context": "."},
    "cap_add": ["SYS_TIME"], "cap_drop": ["ALL"], "cgroup": "host", "cgroup_parent": "x", "command": "run",
    "configs": ["conf"], "container_name": "other", "cpu_count": 1, "cpu_percent": 5, "cpu_period": 1000,
    "cpu_quota": 1000, "cpu_rt_period": 1, "cpu_rt_runtime": 1, "cpu_shares": 5, "cpus": 0.5, "cpuset": "0",
    "credential_spec": {"file": "x"}, "depends_on": ["other"], "deploy": {"replicas": 3}, "develop": {"watch": []},
    "device_cgroup_rules": ["c 1:3 mr"], "devices": ["/dev/x"], "dns": "1.1.1.1", "dns_opt": ["a"],
    "dns_search": "x.y", "domainname": "x.y", "entrypoint": ["run"], "env_file": "missing.env",
    "environment": {"A": "b"}, "expose": [80], "extends": "missing", "external_links": ["a"],
    "extra_hosts": ["a:192.0.2.1"], "gpus": "all", "group_add": [5], "healthcheck": {"test": ["CMD", "x"]},
    "hostname": "me", "init": True, "ipc": "host", "isolation": "x", "label_file": "missing.env",
    "labels": {"a/b": "c"}, "links": ["other:alias"], "logging": {"driver": "x"}, "mac_address": "02:42:ac:11:65:43",
    "mem_limit": "5m", "mem_reservation": "5m", "mem_swappiness": 1, "memswap_limit": "5m", "models": ["llm"],
    "network_mode": "host", "networks": ["front"], "oom_kill_disable": True, "oom_score_adj": 5, "pid": "host",
    "pids_limit": 5, "platform": "linux/arm64", "ports": ["80:80"], "post_start": [{"command": "x"}],
    "pre_start": [{"command": "x"}], "pre_stop": [{"command": "x"}], "privileged": True, "profiles": ["p"],
    "provider": {"type": "x"}, "pull_policy": "always", "pull_refresh_after": "1h", "read_only": True,
    "restart": "no", "runtime": "x", "scale": 2, "secrets": ["key"], "security_opt": ["a"], "shm_size": "5m",
    "stdin_open": True, "stop_grace_period": "5s", "stop_signal": "SIGINT", "storage_opt": {"size": "1"},
    "sysctls": {"a.b": 1}, "tmpfs": "/x", "triggers": {"manual": True}, "tty": True, "ulimits": {"nofile": 1},
    "umask": 18, "use_api_socket": True, "user": "5", "userns_mode": "host", "uts": "host", "volumes": ["v:/x"],
    "volumes_from": ["other"], "working_dir": "/x", "image": "example/another:1",
}  # fmt: skip

AROUND: dict[str, Any] = {
    "volumes": {"v": None}, "networks": {"front": None}, "configs": {"conf": {"content": "x"}},
    "secrets": {"key": {"environment": "KEY"}}, "models": {"llm": {"model": "m"}},
}  # fmt: skip


def outcome(service: dict[str, Any], section: str = "services") -> tuple[Any, list[str]]:
    """Nodes without their ids, and what was said."""
    file: dict[str, Any] = {"services": {"other": {"image": "example/other:1"}}, **AROUND}
    file.setdefault(section, {})["it"] = service
    conversion = a_conversion(json.dumps(file))
    text = json.dumps([[node["type"], node["data"]] for node in conversion.graph.nodes])
    for node in conversion.graph.nodes:
        text = text.replace(node["id"], "")
    return text, [f"{finding.service}.{finding.key}" for finding in conversion.findings]


@pytest.mark.parametrize("key", sorted({key.split(".")[0] for key in own_keys()} - {"triggers"}))
def test_a_key_makes_a_difference_or_is_said(key: str) -> None:
    plain, _ = outcome({"image": "example/it:1"})

    graph, remarks = outcome({"image": "example/it:1", key: SAMPLES[key]})

    assert graph != plain or f"it.{key}" in remarks, (key, remarks)


def test_a_job_differs_from_a_service() -> None:
    graph, _ = outcome({"image": "example/it:1", "triggers": SAMPLES["triggers"]}, "jobs")

    assert '["job", ' in graph

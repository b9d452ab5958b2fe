"""A node's data, as typed by people → checked values for its template. Every problem is collected, not just the first.

Which fields a type has, their defaults and limits are in its `metadata.yaml`; how a format is read, in `formats.py`,
`structures.py`, `workload_fields.py` and `network_fields.py`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from app.manifests import formats, names, network_fields, structures, syntax, workload_fields
from app.manifests.catalogue import NodeType, Parameter
from app.manifests.formats import Reader, missing
from app.manifests.problems import At, Problems

_FORMATS: Final[Mapping[str, Reader]] = {
    "accessModes": workload_fields.access_modes,
    "annotations": structures.annotations,
    "cidrs": structures.list_of(syntax.cidr),
    "claimTemplates": workload_fields.claim_templates,
    "configData": structures.config_data,
    "containerPorts": workload_fields.container_ports,
    "count-or-percent": formats.count_or_percent,
    "cron": syntax.cron,
    "dependsOn": workload_fields.depends_on,
    "egressRules": network_fields.rules("to"),
    "env": structures.env,
    "envFrom": workload_fields.env_from,
    "envKeys": structures.env_keys,
    "hostAliases": workload_fields.host_aliases,
    "hostname": names.hostname,
    "image": syntax.image,
    "ingress-host": names.ingress_host,
    "ingressHosts": structures.list_of(names.ingress_host),
    "ingressPaths": network_fields.ingress_paths,
    "ingressRules": network_fields.rules("from"),
    "initContainers": workload_fields.init_containers,
    "ip": syntax.ip,
    "label-value": names.label_value,
    "labels": structures.labels,
    "mount-path": syntax.mount_path,
    "names": structures.names,
    "namespace": names.dns_label,
    "policyTypes": network_fields.policy_types,
    "port-or-name": formats.port_or_name,
    "probe": workload_fields.probe,
    "resources": workload_fields.resources,
    "secretKeys": structures.secret_keys,
    "securityContext": workload_fields.security_context,
    "selector": structures.selector,
    "service-name": names.service_name,
    "servicePorts": network_fields.service_ports,
    "size": syntax.size,
    "tolerations": workload_fields.tolerations,
    "url-path": syntax.url_path,
    "volumeMounts": workload_fields.volume_mounts,
    "words": structures.words,
}

# Formats whose length a parameter's `max` says.
_LIMITED: Final[Mapping[str, Callable[[int], Reader]]] = {
    "name": names.name_reader,
    "label-name": names.label_name_reader,
}
_DNS_LABEL_LENGTH: Final = 63


def read_fields(node_type: NodeType, data: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """All fields of the type, `None` where nothing was given and there is no default.

    Args:
        node_type: from the catalogue.
        data: the node's data, after wiring; unknown fields are ignored.
        problems: gets what is wrong, by field.
    """
    found: dict[str, Any] = {}
    for parameter, read in _readers(node_type):
        name = parameter.name
        raw = data.get(name)
        if missing(raw) and parameter.also is not None:
            raw = data.get(parameter.also)
        if missing(raw):
            raw = parameter.default
        if raw is None:
            found[name] = None
            if parameter.required and all(missing(data.get(other)) for other in parameter.unless):
                problems.at(name).bad(f"{name} is required")
        else:
            found[name] = read(raw, At(problems, name))
    return found


@cache
def _readers(node_type: NodeType) -> tuple[tuple[Parameter, Reader], ...]:
    return tuple((parameter, _reader(parameter)) for parameter in node_type.parameters)


def _reader(parameter: Parameter) -> Reader:
    if parameter.format is not None:
        limited = _LIMITED.get(parameter.format)
        return limited(parameter.max or _DNS_LABEL_LENGTH) if limited else _FORMATS[parameter.format]
    match parameter.type:
        case "number":
            return formats.number(parameter.min, parameter.max)
        case "boolean":
            return formats.switch
        case "select":
            return formats.choice(parameter.options)
        case "string":
            return formats.text
        case other:
            raise TypeError(f"{parameter.name}: a parameter of type {other} needs a format")

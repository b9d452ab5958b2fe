"""KubeOrch: a picture of an application becomes running Kubernetes resources, with live state."""

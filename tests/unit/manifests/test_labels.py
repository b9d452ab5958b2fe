"""The names that we share with the cluster."""


def test_both_layers_own_fields_under_one_name() -> None:
    from app.kube import client
    from app.manifests import labels

    assert client.FIELD_MANAGER == labels.FIELD_MANAGER

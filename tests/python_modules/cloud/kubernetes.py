from kubernetes import client, config, watch
import urllib3

settings = client.Configuration(host="http://127.0.0.1:1")
settings.retries = 0
api = client.CoreV1Api(client.ApiClient(settings))
try:
    api.list_namespaced_pod("default")
except urllib3.exceptions.MaxRetryError:
    pass
pod = client.V1Pod(metadata=client.V1ObjectMeta(name="a"), spec=client.V1PodSpec(containers=[client.V1Container(name="c")]))
assert api.api_client.sanitize_for_serialization(pod)["metadata"] == {"name": "a"}
try:
    config.load_kube_config("/none")
except config.ConfigException:
    pass

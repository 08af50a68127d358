"""The resource of a job of Kubernetes, a RayJob of the KubeRay operator, that runs a scenario.

The operator starts a Ray cluster with a token of its own, submits the run to its head, which has
no GPU and keeps scheduler, recorder and record, and removes the cluster afterwards. The runs are
on a volume; when the cluster is lost, the operator makes another, which goes on with the run.
"""

import re
import shlex
from importlib import metadata
from typing import Any

from simnet.errors import UsageError
from simnet.jobs.cluster_job import ClusterJob
from simnet.scheduler.budget import SPENT

RUNS = "/runs"
"""Where the volume is in the containers."""
HEAD_CPUS, HEAD_MEMORY = 4, "16Gi"
_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,45}[a-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]*")
_CLAIM = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_QUANTITY = re.compile(r"\d+(?:\.\d+)?(?:[KMGTPE]i|[kMGTPEm])?")
_ENVIRONMENT = {
    "RAY_worker_niceness": "0",
    "HF_HOME": f"{RUNS}/.huggingface",
}


def ray_job(
    job: ClusterJob, *, image: str, claim: str, memory: str = "64Gi", retries: int = 3
) -> dict[str, Any]:
    """Make the RayJob (API `ray.io/v1`) of a job, ready to be written as YAML.

    `image` has simnet and the scenario, in its working folder; `claim` is the persistent volume
    claim of the runs; `memory` is that of each worker node; `retries` is how many further clusters
    are started when one fails. Raises UsageError for what Kubernetes would refuse.
    """
    _check(job, image, claim, memory)
    cpus = job.cpus_per_node or HEAD_CPUS
    worker = {
        "cpu": str(cpus),
        "memory": memory,
        **({"nvidia.com/gpu": str(job.gpus_per_node)} if job.gpus_per_node else {}),
    }
    head = {"cpu": str(HEAD_CPUS), "memory": HEAD_MEMORY}
    cluster = {
        "rayVersion": metadata.version("ray"),
        "authOptions": {"mode": "token"},
        "headGroupSpec": {
            "rayStartParams": {"num-gpus": "0"},
            "template": _pod("ray-head", image, claim, head, job.drain),
        },
        "workerGroupSpecs": [
            {
                "groupName": "workers",
                **dict.fromkeys(("replicas", "minReplicas", "maxReplicas"), job.nodes),
                "rayStartParams": {},
                "template": _pod("ray-worker", image, claim, worker, job.drain),
            }
        ],
    }
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": job.name},
        "spec": {
            "entrypoint": _command(job),
            "submissionMode": "K8sJobMode",
            "backoffLimit": retries,
            "shutdownAfterJobFinishes": True,  # at once, as the record is on the volume
            "rayClusterSpec": cluster,
        },
    }


def _command(job: ClusterJob) -> str:
    """Return the command of the run, which succeeds where the run has spent its budget.

    The operator takes a failure for a lost cluster: it would start another, to spend it again.
    """
    run = job.command(job.name, "auto")
    return f"sh -c {shlex.quote(f'{run}; code=$?; [ $code -eq {SPENT} ] || exit $code')}"


def _check(job: ClusterJob, image: str, claim: str, memory: str) -> None:
    """Raise UsageError for what Kubernetes would refuse."""
    if not _LABEL.fullmatch(job.name):
        raise UsageError(
            f"{job.name!r} is no name for Kubernetes; give --name with small letters, digits "
            "and '-', 47 at most, that begins with a letter"
        )
    if not _IMAGE.fullmatch(image):
        raise UsageError(f"{image!r} is no container image; write such as registry.example/town:1")
    if not _CLAIM.fullmatch(claim):
        raise UsageError(
            f"{claim!r} is no name of a persistent volume claim, which has small letters, digits, "
            "'-' and '.'"
        )
    if not _QUANTITY.fullmatch(memory):
        raise UsageError(f"{memory!r} is no amount of memory; write such as 64Gi")


def _pod(
    name: str, image: str, claim: str, resources: dict[str, str], drain: int
) -> dict[str, Any]:
    """Return the template of a pod, which has longer to end than a run needs for it."""
    environment = {**_ENVIRONMENT, "RAY_JOB_STOP_WAIT_TIME_S": str(drain)}
    container = {
        "name": name,
        "image": image,
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {"limits": resources, "requests": dict(resources)},
        "volumeMounts": [{"name": "runs", "mountPath": RUNS}],
    }
    return {
        "spec": {
            "terminationGracePeriodSeconds": drain + 60,
            "containers": [container],
            "volumes": [{"name": "runs", "persistentVolumeClaim": {"claimName": claim}}],
        }
    }

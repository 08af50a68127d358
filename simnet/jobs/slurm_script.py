"""The batch script of a job of Slurm, which starts Ray on its nodes and runs a scenario there.

The script gets SIGTERM some time before the job's time limit. It then stops the run, in good
order where turns under way end in time, with its record sealed, and queues the job again, which
goes on where the run stopped. A new job goes on with a run whose id the script is given.
"""

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template

from simnet.errors import UsageError
from simnet.jobs.cluster_job import ClusterJob

_SETTING = re.compile(r"[a-z][a-z0-9-]*")
_SPECIAL = re.compile(r"[\s\\'\"#]")
"""What the value of an option of sbatch has only in quotes."""
_OWN = frozenset(
    {"chdir", "job-name", "nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "gpus-per-node"}
    | {"gres", "time", "signal", "requeue", "no-requeue", "open-mode", "wrap", "array"}
)
"""Options of sbatch that the script gives itself."""
_SCRIPT = Template(
    """\
#!/bin/bash
$directives

set -uo pipefail
run_id=$${1:-$name-$$SLURM_JOB_ID}
driver=
stopping=
queued=
stop() {  # Slurm says that the time is nearly over, or that another job comes first
    stopping=yes
    if [ -n "$$driver" ]; then
        kill -TERM "$$driver"
        (sleep $patience; kill -TERM "$$driver") &> /dev/null &  # this ends turns under way
    fi
}
trap stop TERM

export PATH=$path:"$$PATH" PYTHONUNBUFFERED=1 RAY_worker_niceness=0 RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')
export RAY_AUTH_TOKEN
cpus=$${SLURM_CPUS_PER_TASK:-$$SLURM_CPUS_ON_NODE}
port=$$((20000 + SLURM_JOB_ID % 12000))  # below those that the system gives to connections
mapfile -t hosts < <(scontrol show hostnames "$$SLURM_JOB_NODELIST")
on_host() {
    srun --nodes=1 --ntasks=1 --cpus-per-task="$$cpus" --export=ALL --nodelist="$$1" "$${@:2}"
}
ray_node() {  # in a folder of this user: Ray's own belongs to who used it first on a node
    on_host "$$1" ray start --block --disable-usage-stats --num-cpus="$$cpus" $gpus \\
        --temp-dir="$${RAY_TMPDIR:-/tmp}/ray-$$UID" "$${@:2}"
    echo "simnet: Ray has ended on $$1" >&2
    return 1
}
leave() {
    code=$$?
    kill $$(jobs -p) 2> /dev/null
    wait
    if [ "$$code" -ne 0 ] && [ -z "$$queued" ]; then
        echo "simnet: $$run_id can go on in a new job: sbatch SCRIPT $$run_id" >&2
    fi
}
trap leave EXIT

echo "simnet: $$run_id on $$SLURM_JOB_NODELIST, queued again $${SLURM_RESTART_COUNT:-0} times"
head=$$(on_host "$${hosts[0]}" sh -c 'hostname --ip-address; hostname --all-ip-addresses' \\
    | tr ' ' '\\n' | grep -E '^[0-9.]+$$' | grep -v -m 1 '^127[.]')
if [ -z "$$head" ]; then
    echo "simnet: $${hosts[0]} does not say at which address other nodes reach it" >&2
    exit 1
fi
ray_node "$${hosts[0]}" --head --node-ip-address="$$head" --port="$$port" \\
    --include-dashboard=false &
for host in "$${hosts[@]:1}"; do
    ray_node "$$host" --address="$$head:$$port" &
done
python -m simnet.runtime.ray.session.await_nodes "$$head:$$port" "$${#hosts[@]}" &
wait -n || [ -n "$$stopping" ] || exit 1  # whatever ends first: that, or a node of Ray

code=143
if [ -z "$$stopping" ]; then
    $command &
    driver=$$!
    while :; do  # a signal ends `wait` before the run has ended
        wait "$$driver"
        code=$$?
        kill -0 "$$driver" 2> /dev/null || break
    done
fi
if [ -n "$$stopping" ] && [ "$$code" -eq 143 ] \\
    && [ "$$(squeue --noheader --job "$$SLURM_JOB_ID" --format %T)" = RUNNING ] \\
    && [ "$${SLURM_RESTART_COUNT:-0}" -lt $requeues ]; then
    echo "simnet: $$run_id is stopped; the job is queued again"
    scontrol requeue "$$SLURM_JOB_ID" && queued=yes
fi
exit "$$code"
"""
)


def slurm_script(
    job: ClusterJob, *, time: int, requeues: int = 100, settings: Mapping[str, str] | None = None
) -> str:
    """Write the script for `sbatch` of a job that may take `time` seconds until it is requeued.

    It is to be submitted from the folder in which it was written, with the Python that wrote it,
    both of which all nodes see. `settings` are further options of sbatch, such as a partition.
    Raises UsageError for those that the script gives itself, and for a time that leaves none to
    the run.
    """
    if time < 2 * job.drain:
        raise UsageError(
            f"a job of {time} s in which a run has {job.drain} s to end in good order leaves it "
            "hardly any time; ask for more, or give it less to end"
        )
    given = dict(settings or {})
    for name in given:
        if name in _OWN or not _SETTING.fullmatch(name):
            raise UsageError(f"--sbatch {name}: the script gives it itself, or it is no option")
    if "\n" in "".join(given.values()):
        raise UsageError("--sbatch: a value has no line break")
    directives = {
        "job-name": job.name,
        "chdir": str(Path.cwd()),
        "nodes": job.nodes,
        "ntasks-per-node": 1,
        **({"gpus-per-node": job.gpus_per_node} if job.gpus_per_node else {}),
        **({"exclusive": None} if job.cpus_per_node is None else {}),
        **({} if job.cpus_per_node is None else {"cpus-per-task": job.cpus_per_node}),
        "time": _minutes(time),
        "signal": f"B:TERM@{job.drain}",
        "requeue": None,
        "open-mode": "append",
        "output": "simnet-%j.log",
        **given,
    }
    return _SCRIPT.substitute(
        directives="\n".join(_directive(name, value) for name, value in directives.items()),
        path=shlex.quote(os.path.dirname(sys.executable)),  # noqa: PTH120 - of a virtual environment
        name=shlex.quote(job.name),
        gpus=f"--num-gpus={job.gpus_per_node}",
        command=job.command('"$run_id"', '"$head:$port"'),
        requeues=requeues,
        patience=max(1, job.drain * 2 // 3),
    )


def _directive(name: str, value: object) -> str:
    if value is None:
        return f"#SBATCH --{name}"
    text = str(value)
    if _SPECIAL.search(text):
        text = '"' + re.sub(r'["\\]', r"\\\g<0>", text) + '"'
    return f"#SBATCH --{name}={text}"


def _minutes(time: int) -> str:
    """Write seconds as Slurm reads them, up to whole minutes."""
    minutes = -(-time // 60)
    days, hours = divmod(minutes // 60, 24)
    return f"{days}-{hours:02}:{minutes % 60:02}:00"

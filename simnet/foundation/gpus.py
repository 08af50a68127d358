"""The GPUs of this machine, as NVIDIA's driver names them."""

import shutil
import subprocess

_TIMEOUT = 10.0
"""Wall seconds to wait for nvidia-smi."""


def list_gpus(facts: str) -> list[str] | None:
    """List what nvidia-smi says of each GPU, such as `name,memory.total`; None if it is missing.

    Raises OSError or SubprocessError if it fails.
    """
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    answer = subprocess.run(  # noqa: S603  (a fixed command found on the path)
        [command, f"--query-gpu={facts}", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT,
    )
    return [gpu.strip() for gpu in answer.stdout.splitlines() if gpu.strip()]

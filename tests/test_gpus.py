"""GPUs as nvidia-smi lists them, with a script in its place."""

import subprocess

import pytest

from simnet.benchmarking import measurement
from simnet.benchmarking.measurement import measure
from simnet.cli.doctor import WARN, _gpus
from simnet.foundation.gpus import list_gpus


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    def put(script):
        command = tmp_path / "nvidia-smi"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


@pytest.fixture(autouse=True)
def no_workloads(monkeypatch):
    """Let a measurement say what machine it is without playing anything."""
    monkeypatch.setattr(measurement, "WORKLOADS", {})


def test_each_gpu_is_listed_with_what_is_asked_for(nvidia_smi):
    nvidia_smi('echo "NVIDIA H100, $1"; echo "NVIDIA H200, $2"')
    asked = ["NVIDIA H100, --query-gpu=name,uuid", "NVIDIA H200, --format=csv,noheader"]
    assert list_gpus("name,uuid") == asked


def test_a_machine_without_the_driver_has_no_list(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list_gpus("name") is None
    assert "gpus" not in measure([], 1, 0, print).machine


def test_a_driver_that_fails_is_told_of(nvidia_smi):
    nvidia_smi("exit 9")
    with pytest.raises(subprocess.CalledProcessError):
        list_gpus("name")
    assert _gpus().state == WARN


def test_a_measurement_names_the_gpus(nvidia_smi):
    nvidia_smi('echo "NVIDIA H100"')
    assert measure([], 1, 0, print).machine["gpus"] == ["NVIDIA H100"]
    nvidia_smi("exit 9")
    assert "unknown" in measure([], 1, 0, print).machine["gpus"][0]

"""A dashboard for Grafana of what runs and engines export to Prometheus."""

from collections.abc import Sequence
from typing import Any

TITLE = "simnet"
_RATES = {"turns_done", "turns_refused", "turns_failed", "calls", "prompt_tokens", "output_tokens"}
"""Figures that grow; what is shown is how fast."""
_PANELS: tuple[tuple[str, str, Sequence[str]], ...] = (
    ("Turns a second", "ops", ("run:turns_done", "run:turns_refused", "run:turns_failed")),
    ("Views that wait for a decision", "short", ("run:views_waiting",)),
    ("Model calls a second", "ops", ("run:calls",)),
    ("Tokens a second", "short", ("run:prompt_tokens", "run:output_tokens")),
    ("Calls in flight and waiting", "short", ("model:in_flight", "model:waiting")),
    ("Prefix cache hits", "percentunit", ("run:cache_hit_share", "model:prefix_cache_hit_rate")),
    ("Key-value cache in use", "percentunit", ("model:kv_use",)),
    ("Preemptions and throttled requests", "short", ("model:preemptions", "model:throttled")),
    ("Queue of an engine, 95%", "s", ("model:queue_seconds.p95",)),
    ("Generation, 95%", "s", ("model:generation_seconds.p95",)),
    ("Rows that are not on disk yet", "s", ("run:record_lag",)),
    ("Refusals of the model", "short", ("run:model_refusals",)),
    ("Waiting for replies", "s", ("run:stalled",)),
    ("Simulated time", "s", ("run:simulated_time",)),
)
"""Title, unit of Grafana and figures of each panel."""


def dashboard() -> dict[str, Any]:
    """Return the dashboard, as Grafana imports it; it asks for the data source and the runs."""
    return {
        "title": TITLE,
        "uid": "simnet",
        "schemaVersion": 39,
        "tags": ["simnet"],
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "templating": {"list": [_DATA_SOURCE, _RUNS]},
        "panels": [
            _panel(number, title, unit, figures)
            for number, (title, unit, figures) in enumerate(_PANELS)
        ],
    }


_DATA_SOURCE = {"name": "source", "label": "Prometheus", "type": "datasource",
                "query": "prometheus"}  # fmt: skip
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_RUNS = {
    "name": "run",
    "type": "query",
    "datasource": _SOURCE,
    "query": "label_values(ray_simnet_run_turns_done, run)",
    "multi": True,
    "includeAll": True,
    "allValue": ".*",
    "refresh": 2,
}


def _panel(number: int, title: str, unit: str, figures: Sequence[str]) -> dict[str, Any]:
    row, column = divmod(number, 2)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "gridPos": {"h": 8, "w": 12, "x": 12 * column, "y": 8 * row},
        "targets": [_target(letter, one) for letter, one in zip("ABC", figures, strict=False)],
    }


def _target(letter: str, figure: str) -> dict[str, Any]:
    kind, _, name = figure.partition(":")
    what = name.replace("_", " ")
    if kind == "model":  # of all runs: kept engines have their own name there
        expression = f"ray_simnet_model_{name.replace('.', '_')}"
        legend = "{{run}} {{name}}.{{replica}}"
    else:
        expression, legend = f'ray_simnet_run_{name}{{run=~"$run"}}', "{{run}}"
        if name in _RATES:
            expression = f"rate({expression}[1m])"
    return {
        "refId": letter,
        "expr": expression,
        "legendFormat": f"{legend} {what}",
        "datasource": _SOURCE,
    }

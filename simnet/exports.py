"""Exports: data sets, databases, logs, graphs and tables made of the record of a run."""

from simnet.export.card import Subset
from simnet.export.conversations import export_threads
from simnet.export.dpo import export_dpo
from simnet.export.graph_files import export_graphs
from simnet.export.hub_upload import HubClient, push_to_hub
from simnet.export.kto import export_kto
from simnet.export.oasis_database import export_oasis
from simnet.export.sft import export_sft
from simnet.export.summary import Exported
from simnet.export.syndisco_logs import export_syndisco
from simnet.export.table_files import export_tables

__all__ = [
    "Exported",
    "HubClient",
    "Subset",
    "export_dpo",
    "export_graphs",
    "export_kto",
    "export_oasis",
    "export_sft",
    "export_syndisco",
    "export_tables",
    "export_threads",
    "push_to_hub",
]

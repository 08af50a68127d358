"""Exports: data sets, databases, logs, graphs and tables made of the record of a run."""

from simnet.export.folders.card import Subset
from simnet.export.folders.hub_upload import HubClient, push_to_hub
from simnet.export.folders.summary import Exported
from simnet.export.interchange.graph_files import export_graphs
from simnet.export.interchange.oasis_database import export_oasis
from simnet.export.interchange.syndisco_logs import export_syndisco
from simnet.export.interchange.table_files import export_tables
from simnet.export.training_sets.conversations import export_threads
from simnet.export.training_sets.dpo import export_dpo
from simnet.export.training_sets.kto import export_kto
from simnet.export.training_sets.sft import export_sft

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

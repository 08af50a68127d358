"""Judgements of texts by language models: annotators, items, a table of annotations, agreement."""

from simnet.annotation.agreement import Agreement, agreement
from simnet.annotation.annotation_job import aannotate, annotate
from simnet.annotation.items import Item, items_of_file, items_of_run
from simnet.annotation.task import Annotation, Annotator

__all__ = [
    "Agreement",
    "Annotation",
    "Annotator",
    "Item",
    "aannotate",
    "agreement",
    "annotate",
    "items_of_file",
    "items_of_run",
]

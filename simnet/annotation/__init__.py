"""Judgements of texts by language models: annotators, items, a table of annotations, agreement."""

from simnet.annotation.annotation_job import Annotated, aannotate, annotate
from simnet.annotation.annotation_rows import AnnotationRow
from simnet.annotation.annotator_agreement import Agreement, agreement
from simnet.annotation.items import Item, items_of_file, items_of_run
from simnet.annotation.syndisco_annotation_logs import annotation_logs, annotations_of_logs
from simnet.annotation.syndisco_annotations import (
    AnnotationSettings,
    items_of_logs,
    read_annotation_settings,
)
from simnet.annotation.task import Annotation, Annotator
from simnet.synthesis.asking.job import Reporter

__all__ = [
    "Agreement",
    "Annotated",
    "Annotation",
    "AnnotationRow",
    "AnnotationSettings",
    "Annotator",
    "Item",
    "Reporter",
    "aannotate",
    "agreement",
    "annotate",
    "annotation_logs",
    "annotations_of_logs",
    "items_of_file",
    "items_of_logs",
    "items_of_run",
    "read_annotation_settings",
]

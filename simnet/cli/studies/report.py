"""`simnet study report` writes the report of a study, with what its file added later."""

from simnet.cli.options import AsJson
from simnet.cli.runs.report import Figures, Force, OutFile, check_page, print_report
from simnet.cli.studies.opening import Out, StudyTarget, folder_of, load_study


def report(
    target: StudyTarget,
    out: Out = None,
    page: OutFile = None,
    figures: Figures = True,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a page about a study: one HTML file that needs no network."""
    from simnet.studies import report_study  # noqa: PLC0415  (imports scipy)
    from simnet.studies.running.study_folder import StudyFolder  # noqa: PLC0415

    study = load_study(target)
    folder = StudyFolder.opened(folder_of(study, out), study)
    check_page(page, folder.path, force=force)
    made = report_study(folder.path, page, figures=figures, study=study)
    print_report(made, as_json=as_json)

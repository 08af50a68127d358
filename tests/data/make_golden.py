"""Makes the golden run again, where what is recorded changes on purpose.

python tests/data/make_golden.py
"""

import shutil
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from golden import golden

from simnet import FakeModel, run

HERE = Path(__file__).parent


def main() -> None:
    """Run the scenario on the fake model and pack the run directory."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(golden(), model=FakeModel(), out=folder, ray=False)
        shutil.rmtree(done.path / "logs", ignore_errors=True)
        with ZipFile(HERE / "golden-run.zip", "w", ZIP_DEFLATED) as packed:
            for path in sorted(done.path.rglob("*")):
                if path.is_file() and path.name != "lock":
                    packed.write(path, f"golden/{path.relative_to(done.path)}")


if __name__ == "__main__":
    main()

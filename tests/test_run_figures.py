"""The figures of a run while it goes on, and how old rows are that are not on disk."""

import asyncio
from collections import Counter
from itertools import pairwise

from simnet.inference.calls.statistics import Statistics
from simnet.kernel.ledger import Ledger
from simnet.scheduler.figures.metric_rows import Meter
from simnet.scheduler.figures.run_figures import FIGURES, figures_of
from simnet.scheduler.progress.messages import Progress, Usage
from simnet.scheduler.rows.row_writer import RowWriter


def test_each_figure_has_its_value():
    ledger = Ledger(9, 4, Counter(like=2), Counter(empty=1), Counter(refusal=3), 7, 2)
    usage = Usage(calls=5, prompt_tokens=100, cached_tokens=40, output_tokens=30)
    progress = Progress(60.0, ledger, usage, 1.0, (), None, views_waiting=2, record_lag=0.5)
    found = dict(figures_of(progress))
    assert list(found) == [one.name for one in FIGURES]
    assert (found["turns_done"], found["turns_refused"]) == (4.0, 2.0)
    assert (found["turns_failed"], found["model_refusals"]) == (1.0, 3.0)
    assert (found["views_waiting"], found["record_lag"]) == (2.0, 0.5)
    assert (found["cache_hit_share"], found["simulated_time"]) == (0.4, 60.0)


def test_the_lag_is_the_age_of_the_oldest_rows_that_are_not_acknowledged():
    async def run():
        now, written = [0.0], asyncio.Event()

        class Rows:
            events = 1

            def take(self):
                return [("events", b"")]

        class Record:
            async def write(self, batches):
                await written.wait()

        writer = RowWriter(Rows(), Record(), lambda: now[0])
        assert writer.lag == 0.0
        async with asyncio.TaskGroup() as tasks:
            for at in (1.0, 3.0):
                now[0] = at
                await writer.write(tasks, everything=True)
            now[0] = 4.0
            assert writer.lag == 3.0
            written.set()
        assert writer.lag == 0.0

    asyncio.run(run())


def test_a_run_of_a_week_has_some_thousand_samples_and_not_one_for_each_second():
    progress = Progress(
        60.0,
        Ledger(0, 0, Counter(), Counter(), Counter(), 0, 0),
        Usage(),
        0.0,
        (),
        None,
        statistics=Statistics(in_flight=3),
    )
    meter = Meter()
    times = [at for at in range(7 * 86_400) if meter.rows(progress._replace(elapsed=float(at)))]
    assert times[:1000] == list(range(1000))
    assert 1000 < len(times) < 8000
    assert max(later - one for one, later in pairwise(times)) <= 0.0011 * 7 * 86_400

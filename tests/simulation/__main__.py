"""Simulates faults for many seeds: python -m simulation [--seeds N] [--seed S]."""

import argparse
import sys
import time
from multiprocessing import Pool

from simulation.harness import simulate


def tried(seed):
    try:
        simulate(seed)
    except BaseException as error:  # noqa: BLE001  (told with its seed)
        return seed, "\n".join([f"{type(error).__name__}: {error}", *error.__notes__])
    return seed, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="one seed, in this process")
    given = parser.parse_args()
    if given.seed is not None:
        simulate(given.seed)
        print(f"seed {given.seed}: nothing went wrong that should not")  # noqa: T201
        return 0
    began, failed = time.monotonic(), 0
    with Pool() as pool:
        seeds = range(given.first, given.first + given.seeds)
        for seed, problem in pool.imap_unordered(tried, seeds, chunksize=20):
            if problem:
                failed += 1
                print(f"seed {seed} FAILED\n{problem}", flush=True)  # noqa: T201
    spent = time.monotonic() - began
    print(f"{given.seeds:,} seeds in {spent:.0f} s, {failed} failed")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Interleaved rounds: what disturbs the machine for a while falls on all runners alike."""

import json

from .host import MIB
from .measure import one_run


def rounds(bench, runners, count, record, say):
    """All runners once a round, every other round backwards; each result into `record` too."""
    results = {runner: [] for runner in runners}
    for number in range(count):
        for runner in runners if number % 2 == 0 else reversed(runners):
            result = one_run(bench, runner)
            results[runner].append(result)
            record.write(json.dumps(
                {"round": number, "peer": runner.label} | result.record()) + "\n")
            say(f"round {number + 1}: {runner.label}: {result.wall:.2f} s, "
                f"CPU {result.cpu:.2f} s, {result.largest / MIB:.1f} MiB, "
                f"{result.fetched / 1e6:.2f} MB fetched, {result.written / MIB:.1f} MiB written")
    return results

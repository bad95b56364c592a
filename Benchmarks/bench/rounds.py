"""Interleaved rounds: what disturbs the machine for a while falls on all runners alike."""

import json

from .host import MIB, BenchError
from .measure import one_run

#: A peer that fails now and then, by a race of its own, is asked so often.
TRIES = 3


def rounds(bench, runners, count, record, say):
    """All runners once a round, every other round backwards; each result into `record` too.
    A peer that fails each time is left out of all rounds, and said to be."""
    results = {runner: [] for runner in runners}
    for number in range(count):
        for runner in list(results) if number % 2 == 0 else list(reversed(results)):
            result = turn(bench, runner, say)
            if result is None:
                del results[runner]
                continue
            results[runner].append(result)
            record.write(json.dumps(
                {"round": number, "peer": runner.label} | result.record()) + "\n")
            say(f"round {number + 1}: {runner.label}: {result.wall:.2f} s, "
                f"CPU {result.cpu:.2f} s, {result.largest / MIB:.1f} MiB, "
                f"{result.fetched / 1e6:.2f} MB fetched, {result.written / MIB:.1f} MiB written")
    return results


def turn(bench, runner, say):
    """One run; None for a peer that cannot do it."""
    for left in reversed(range(TRIES)):
        try:
            return one_run(bench, runner)
        except BenchError as error:
            if runner.is_ours:
                raise
            say(f"{error}\n{runner.label}: {'once more' if left else 'left out'}")
    return None

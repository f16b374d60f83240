"""Times a function over a list in processor time of its thread; for any environment of Python."""

import json
import sys
import time

__all__ = ["rates", "report"]

LEAST_SECONDS = 0.25


def rates(decide, asked, repetitions, each=1):
    """Return decisions per second, `repetitions` times, after as long a time to warm up.

    `each` tells how many decisions one call makes.
    """

    def seconds(rounds):
        begin = time.thread_time()
        for _ in range(rounds):
            for one in asked:
                decide(one)
        return time.thread_time() - begin

    rounds = 1
    while seconds(rounds) < LEAST_SECONDS:
        rounds *= 2
    return [rounds * len(asked) * each / seconds(rounds) for _ in range(repetitions)]


def report(decide, asked):
    """Print the rates, and the answers, as JSON."""
    answers = [decide(one) for one in asked]
    found = rates(decide, asked, int(sys.argv[2]))
    json.dump({"rates": found, "answers": answers}, sys.stdout)

"""The list of scenarios. A scenario is a function that is given a device in a saved state."""

SCENARIOS = []


class Scenario:
    def __init__(self, function, start, seconds, releases, feed):
        self.function, self.start, self.seconds = function, start, seconds
        self.releases, self.feed = releases, feed
        self.name = function.__name__.replace("_", "-")
        self.summary = function.__doc__.strip().partition("\n")[0]


def scenario(start="factory", seconds=60, releases=(), feed=False):
    """Makes a function a scenario that begins in the state `start` (states.py).

    seconds: about how long it takes; the longest are begun first.
    releases: what it installs beside 1.0.1, as `1.0.2:panic`.
    feed: it follows a feed of its own, on which `device.publisher` offers releases.
    """
    def register(function):
        SCENARIOS.append(Scenario(function, start, seconds, releases, feed))
        return function
    return register

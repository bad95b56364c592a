"""The list of scenarios. A scenario is a function that is given a device in a saved state."""

SCENARIOS = []


class Scenario:
    def __init__(self, function, start, seconds):
        self.function, self.start, self.seconds = function, start, seconds
        self.name = function.__name__.replace("_", "-")
        self.summary = function.__doc__.strip().partition("\n")[0]


def scenario(start="factory", seconds=60):
    """Makes a function a scenario that begins in the state `start` (states.py).

    seconds: about how long it takes; the longest are begun first.
    """
    def register(function):
        SCENARIOS.append(Scenario(function, start, seconds))
        return function
    return register

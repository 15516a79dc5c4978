"""Methods with one fault each, for test_testing.py: in a module of their own, as to import it has to be light."""

from kerascnn.errors import DataError
from kerascnn.spec import Companion, Method


class Refuses(Method):
    """Refuse every stage."""

    def join(self, stage):
        """Raise."""
        raise DataError(f"{stage.place}: not today")


class Counts(Method):
    """Shrink the weights by a count that no checkpoint holds."""

    def join(self, stage):
        """Return what counts."""
        return Counting(stage)


class Counting(Companion):
    """Counts the epochs that it sees."""

    def __init__(self, stage):
        self.network, self.count = stage.network, 0

    def end_epoch(self, epoch):
        """Shrink the weights, further each time."""
        self.count += 1
        for weight in self.network.trainable_weights:
            weight.assign(weight * (1 - 0.01 * self.count))


def smooth(x):
    """Return shares."""
    from keras import activations

    return activations.softmax(x)


class Lingers(Method):
    """Leave a function of its own behind in the network."""

    def join(self, stage):
        """Return what does nothing more."""
        stage.network.layers[-1].layers[-1].activation = smooth
        return Companion()

from tests.helpers import make


def test_constant_gives_the_rate_itself():
    assert make("schedule", "constant").make(0.02, 100) == 0.02

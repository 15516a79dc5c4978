import pytest

from tests.helpers import make


def test_the_rate_is_a_number_that_can_be_lowered():
    assert make("schedule", "plateau").make(0.02, 100) == 0.02


def test_it_falls_each_time_that_the_patience_is_over():
    schedule = make("schedule", "plateau", factor=0.5, patience=3)
    assert [schedule.react(waited) for waited in range(8)] == [1, 1, 1, 0.5, 1, 1, 0.5, 1]


def test_a_patience_of_one_lowers_after_every_epoch_that_is_no_better():
    schedule = make("schedule", "plateau", patience=1)
    assert [schedule.react(waited) for waited in (0, 1, 2)] == pytest.approx([1, 0.1, 0.1])


def test_it_never_goes_below_the_lowest_rate():
    schedule, left, seen = make("schedule", "plateau", factor=0.5, patience=1, lowest=0.2), 1.0, []
    for waited in range(1, 6):
        left *= schedule.react(waited, left)
        seen.append(left)
    assert seen == pytest.approx([0.5, 0.25, 0.2, 0.2, 0.2])


def test_a_rate_below_the_lowest_is_not_raised():
    assert make("schedule", "plateau", patience=1, lowest=0.2).react(1, 0.1) == 1.0


def test_as_keras_does_it():
    keras = pytest.importorskip("keras")
    losses = [5, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.8), "mse", jit_compile=False)
    theirs = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=0)
    theirs.set_model(model)
    theirs.on_train_begin()
    schedule, rate, best, waited = make("schedule", "plateau", factor=0.5, patience=2), 0.8, 9, 0
    for epoch, loss in enumerate(losses):
        theirs.on_epoch_end(epoch, {"loss": loss})
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        rate *= schedule.react(waited)
        assert float(model.optimizer.learning_rate) == pytest.approx(rate), epoch
    assert rate == pytest.approx(0.1)

"""Who makes the model that a stage trains."""

import keras
import pytest

from kerascnn.engine.companions import Companions
from kerascnn.errors import BuildError
from kerascnn.spec import Companion


class Own(keras.Model):
    pass


class Teaching(Companion):
    def outer(self, inputs, outputs):
        return Own(inputs, outputs)


@pytest.fixture(scope="module")
def ends():
    inputs = keras.Input((2,))
    return inputs, keras.layers.Dense(1)(inputs)


def test_the_task_or_a_method_may_bring_one_and_else_it_is_keras_s(ends):
    assert type(Companions({"taught": Teaching()}).outer(*ends)) is Own
    assert type(Companions({}, Own).outer(*ends)) is Own
    plain = Companions({"other": Companion()}, lambda inputs, outputs: None).outer(*ends)
    assert not isinstance(plain, Own)


def test_two_that_want_one_are_named(ends):
    with pytest.raises(BuildError, match=r"train\.stages: the task and the method 'taught' each train"):
        Companions({"taught": Teaching()}, Own).outer(*ends)
    with pytest.raises(BuildError, match="the method 'a' and the method 'b'"):
        Companions({"a": Teaching(), "b": Teaching()}).outer(*ends)

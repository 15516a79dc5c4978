"""Methods: ways to train that go beyond steps along the gradient."""

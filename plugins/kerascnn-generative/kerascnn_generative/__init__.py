"""Networks that make pictures: DCGAN and a convolutional variational autoencoder (entry point `generative`)."""

from kerascnn_generative.critic import Critic
from kerascnn_generative.dcgan import Dcgan
from kerascnn_generative.rules import monitor
from kerascnn_generative.vae import Vae
from kerascnn_generative.vae_head import VaeHead

__all__ = ["Critic", "Dcgan", "Vae", "VaeHead", "monitor"]

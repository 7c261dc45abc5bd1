#include "gan/models.h"

namespace ganymede {

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      {"gan", "Generative Adversarial Nets", 2014, "1406.2661", "multi-layer perceptrons, maxout discriminator", {"image|point"}, gan, 0, 100, 12000},
      {"dcgan", "Unsupervised Representation Learning with Deep Convolutional GANs", 2016, "1511.06434", "strided convolutions and batch norm", {"image"}, dcgan, 32, 64, 4000},
      {"wgan-gp", "Improved Training of Wasserstein GANs", 2017, "1704.00028", "a critic kept smooth by a penalty on its gradient", {"image|point"}, wgan_gp, 32, 64, 1500},
      {"vae-gan", "Autoencoding beyond pixels using a learned similarity metric", 2016, "1512.09300", "a variational autoencoder that measures pictures by a discriminator's features", {"image"}, vae_gan, 32, 64, 4000},
      {"vae", "Auto-Encoding Variational Bayes", 2014, "1312.6114", "encoder and decoder under a bound on the likelihood", {"image|point"}, vae, 0, 128, 4000},
      {"bigan", "Adversarial Feature Learning", 2017, "1605.09782", "a discriminator of pairs (x, E(x)) and (G(z), z)", {"image|point"}, bigan, 0, 128, 8000},
      {"ali", "Adversarially Learned Inference", 2017, "1606.00704", "the same with a stochastic encoder", {"image|point"}, ali, 32, 100, 8000},
      {"mrgan", "Mode Regularized Generative Adversarial Networks", 2017, "1612.02136", "an encoder that pulls the generator to missed modes; manifold and diffusion steps", {"image|point"}, mrgan, 32, 64, 4000},
      {"wgan", "Wasserstein GAN", 2017, "1701.07875", "a critic with bounded weights that estimates the earth-mover distance", {"image|point"}, wgan, 32, 64, 2000},
      {"f-gan", "f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization", 2016, "1606.00709", "any f-divergence through its variational bound", {"image|point"}, f_gan, 32, 64, 4000},
      {"improved-gan", "Improved Techniques for Training GANs", 2016, "1606.03498", "minibatch discrimination, feature matching, virtual batch norm and more, each a switch", {"image|point"}, improved_gan, 32, 100, 4000},
  };
  return all;
}

const Model& find_model(const std::string& id) {
  std::string list;
  for (const Model& m : models()) {
    if (m.id == id) return m;
    list += (list.empty() ? "" : ", ") + m.id;
  }
  throw UsageError("unknown model " + id + ": there are " + list);
}

}  // namespace ganymede

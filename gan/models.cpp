#include "gan/models.h"

namespace ganymede {

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      {"gan", "Generative Adversarial Nets", 2014, "1406.2661", "multi-layer perceptrons, maxout discriminator", {"image"}, gan, 0, 100, 12000},
      {"dcgan", "Unsupervised Representation Learning with Deep Convolutional GANs", 2016, "1511.06434", "strided convolutions and batch norm", {"image"}, dcgan, 32, 64, 4000},
      {"wgan-gp", "Improved Training of Wasserstein GANs", 2017, "1704.00028", "a critic kept smooth by a penalty on its gradient", {"image"}, wgan_gp, 32, 64, 1500},
      {"pix2pix", "Image-to-Image Translation with Conditional Adversarial Networks", 2017, "1611.07004", "from pairs of pictures: a U-Net, and a judge of patches of pairs", {"a", "b"}, pix2pix, 64, 1, 4000, "shapes:pairs", true},
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

// The networks of StyleGAN2 (Karras, Laine, Aittala, Hellsten, Lehtinen, Aila 2020, figures 2 and 7): a mapping network, a generator of styled
// convolutions with skips of pictures, and a residual discriminator.
#pragma once
#include "nn/modulated.h"

namespace ganymede::nets {

struct StyleSize {
  int size = 32;         // pixels: 4 * 2^k, at least 8
  int channels = 3;      // of pictures
  int latent = 512;      // length of z, and of w
  int depth = 8;         // layers of the mapping network
  int width = 32;        // channels at the finest resolution, doubled at each coarser one ...
  int most_width = 512;  // ... up to this
  int group = 4;         // samples whose deviation D is shown (minibatch_stddev), at most; 0: D is shown none
  bool noise = true;     // in each convolution of the generator but those to pictures
};
// UsageError for a size that is not of the form 4 * 2^k with k > 0.
void check_style(const StyleSize& s);
// Styles that a picture takes: two a resolution above 4, and two at 4. Those of coarse layers come first.
int style_count(const StyleSize& s);

// z [N, latent] -> w [N, latent]: z of unit mean square, then linear layers with leaky ReLU 0.2.
nn::Layer style_mapping(const StyleSize& s);

// Styles [N, style_count, latent] -> pictures [N, size, size, channels], linear. A constant of 4 x 4 is convolved, enlarged and convolved again; each resolution adds what
// it knows of the picture to the enlarged picture of the one before. Noise: planes of normal numbers with a weight a layer (0 at first), drawn for each
// sample where it trains, the same planes for all samples where not.
class StyleGenerator : public nn::Module {
 public:
  explicit StyleGenerator(const StyleSize& s);
  using Module::forward;
  Tensor forward(const Tensor& styles) override;
  void visit(const nn::Visit& v) override;
  std::string type() const override { return "styled"; }
 private:
  struct Step {
    std::string name;                 // "conv8a"
    nn::Layer layer;
    bool to_picture;                  // its result is added to the picture; the others follow one another
  };
  int count_, latent_;
  Tensor constant_;
  std::vector<Step> steps_;
};

// Pictures [N, size, size, channels] -> scores [N, 1]. Residual blocks, each of half the size; the picture is filtered before it is halved.
nn::Layer style_discriminator(const StyleSize& s);

}  // namespace ganymede::nets

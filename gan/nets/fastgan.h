// The networks of FastGAN (Liu, Zhu, Song, Elgammal 2021, section 3 and appendix B): a generator whose coarse features weigh the channels of fine ones, a
// discriminator of a picture at two sizes, and the decoders that make its features an encoder's.
#pragma once
#include "gan/nets/feature_module.h"

namespace ganymede::nets {

struct FastSize {
  int size = 64;         // pixels: 32, 64, ..., 1024
  int channels = 3;      // of pictures
  int latent = 256;      // length of z
  int width = 64;        // channels of G at 128 px, and of D's map of 64 px; others follow from it
  bool skip = true;      // excitation: from a side r to 16 r in G, from r to r / 8 in D
  bool spectral = true;  // every weight but those of norms is divided by its largest singular value
};
// UsageError for another size.
void check_fast(const FastSize& s);
// Side of the small pictures, and of what the decoders make: half the size, at most 128.
int small_side(const FastSize& s);
// Whether a picture is large enough for a skip from 4 px to 64.
inline bool fast_skips(const FastSize& s) { return s.size >= 64; }

// z [N, latent] -> pictures in (-1, 1): net(z) [N, size, size, channels], net(Tensors{z}) {these, [N, small, small, channels]}. Blocks that enlarge by nearest neighbours, a
// convolution, batch norm and a gate; every second one convolves twice and adds noise, drawn for each sample where it trains, the same planes for all where not.
class FastGenerator : public NamedModules {
 public:
  explicit FastGenerator(const FastSize& s);
  Tensor forward(const Tensor& z) override { return forward(Tensors{z})[0]; }
  Tensors forward(const Tensors& z) override;
  std::string type() const override { return "fastgan"; }
 private:
  struct Step {
    int side;
    nn::Layer enlarge;
    nn::Layer excite;    // of the features of side / 16; null: none
  };
  int small_;
  nn::Layer first_, to_small_, to_picture_;
  std::vector<Step> steps_;
};

// net(Tensors{pictures, small pictures}) -> {logits [N, 50], of 5 x 5 places of each; features [N, 16, 16, 4 width] and [N, 8, 8, 8 width] of the pictures, [N, 8, 8, 4 width]
// of the small ones}.
class FastDiscriminator : public NamedModules {
 public:
  explicit FastDiscriminator(const FastSize& s);
  Tensor forward(const Tensor&) override;   // fails: it takes both
  Tensors forward(const Tensors& both) override;
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "fastgan"; }
 private:
  struct Step {
    int side;            // of the result
    nn::Layer halve;
    nn::Layer excite;    // of the features of 8 * side; null: none
  };
  int first_side_;
  nn::Layer first_, logits_, small_, small_logits_;
  std::vector<Step> steps_;
};

// Features [N, 8, 8, in] -> pictures [N, small, small, channels] in (-1, 1).
nn::Layer fast_decoder(const FastSize& s, int in);
// Channels of D's three maps, in its order.
struct FastFeatures { int fine, last, small; };
FastFeatures fast_features(const FastSize& s);

}  // namespace ganymede::nets

// A feature network with everything that decides its numbers: weights, how pictures are resized and scaled, what it is called.
#pragma once
#include <memory>
#include <string>

#include "gan/metrics/perceptual.h"
#include "gan/metrics/pictures.h"
#include "gan/nets/feature_module.h"
#include "nn/net.h"

namespace ganymede::metrics {

// How pictures go in. All start from bytes; grey ones are repeated to three channels where the network has three.
enum class Intake {
  as_is,              // x in [-1, 1], the network reduces them itself
  inception_tf,       // TF1's bilinear resize to 299 (corner-aligned steps, no antialiasing), (byte - 128) / 128: the graph of published FIDs
  inception_pytorch,  // PyTorch's bilinear resize to 299 (half-pixel centres, no antialiasing), byte / 127.5 - 1: pytorch-fid's
  imagenet,           // bilinear with antialiasing to 224; ImageNet's mean and deviation taken out
};

struct FeatureNetwork {
  std::string name;        // "inception-v3-fid", "classifier"
  std::string origin;      // where its weights come from, in words
  bool own = false;        // weights of this project: numbers compare within it only
  Intake intake = Intake::as_is;
  nets::Reach reach = nets::Reach::classes;
  int64_t classes = 0;
  std::vector<std::vector<float>> lpips_weights;   // of the taps' channels; empty: none in the file
  std::shared_ptr<nets::FeatureModule> module;
  nn::Net net;

  std::string intake_text() const;   // "resized to 299x299 (TF1 bilinear), (byte - 128) / 128"
};

// What the network says of pictures, a row each. This and what follows runs on the context's device in f32, without recording and with stored statistics.
struct Seen {
  Rows features, probabilities;
};
Seen look(const FeatureNetwork& network, const Pictures& pictures);

// Logits [n, classes] of pictures x [n, H, W, C] in [-1, 1], resized to the network's standard size.
Tensor logits(const FeatureNetwork& network, const Tensor& x);

// Feature maps of pictures [first, first + n) at their own size, without a resize; by picture.
std::vector<Maps> maps(const FeatureNetwork& network, const Pictures& pictures, int64_t first, int64_t n);

// Mean LPIPS of pairs of pictures, rows of a and b [n, H, W, 1 or 3] in [-1, 1], rounded to bytes, at their own size. Throws Error if the network has no
// weights of LPIPS or sizes differ.
double mean_lpips(const FeatureNetwork& network, const Tensor& a, const Tensor& b);

// x [N, H, W, C] in [-1, 1] as the network takes it; resized: to its standard size.
Tensor taken_in(Intake intake, const Tensor& x, bool resized);

// TF1's resize_bilinear with align_corners false and without half-pixel centres: output i reads place i * in / out.
Tensor resize_tf1(const Tensor& x, int64_t height, int64_t width);

// The stem of Inception-v3 with fixed random weights: texture maps for SIFID without a file.
FeatureNetwork random_texture_network();

}  // namespace ganymede::metrics

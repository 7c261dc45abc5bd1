// Layers made of layers, and those that act on pictures as a whole.
#pragma once
#include "engine/ops/norm.h"
#include "engine/ops/resample.h"
#include "nn/layers.h"

namespace ganymede::nn {

// Norms by name, with a gain and a bias per channel, the bias alone, or neither.
enum class NormKind { none, batch, instance, layer, group, pixel };
Layer norm(NormKind kind, int channels, Affine affine = Affine::both, double eps = 1e-5, int groups = 32);
// What the norms of a sample's own statistics (all but none and batch) see of x.
kernels::Norm norm_view(NormKind kind, const Tensor& x, double eps, int groups);

Layer upsample(int factor, Interpolation how = Interpolation::nearest);
Layer mean_pool(int factor = 2);
Layer filter(const FilterOptions& options);
Layer max_pool(int kernel = 2, int stride = 2, int padding = 0);
Layer global_mean();                     // [N, H, W, C] -> [N, C]
Layer reflect_pad(int pixels);
Layer crop_to(int height, int width);    // the upper left corner
Layer crop_border(int pixels);           // as many from each side
Layer pixel_shuffle(int factor);
Layer prelu(int channels, double slope = 0.25);

// main(x) + shortcut(x); a null shortcut is the identity.
Layer residual(Layer main, Layer shortcut = nullptr);

// y = gamma wo(softmax(q^T k) v) + x with 1x1 convolutions of C/8 channels for q and k, C/2 for v; gamma starts at 0
// (Zhang et al. 2019, eq. 3). pooled: k and v see 2x2 max-pooled pixels, as in the authors' code. spectral: all four
// convolutions are divided by their largest singular value. narrow: v has C/8 channels, as the paper writes. orthogonal: weights start so.
Layer self_attention(int channels, bool pooled = false, bool spectral = false, bool narrow = false, bool orthogonal = false);
// softmax(q^T k) v over all pixels: q [N, H, W, D], k [N, h, w, D], v [N, h, w, E] -> [N, H, W, E].
Tensor attend_pixels(const Tensor& q, const Tensor& k, const Tensor& v);

// One plane more: the mean deviation over groups of samples n mod (N / group) (Karras et al. 2018).
Layer minibatch_stddev(int group = 4);
Tensor with_minibatch_stddev(const Tensor& x, int64_t group, double eps = 1e-8);
// o_b = sum over the other samples of exp(-|M_i - M_j|_1) for `kernels` matrices of `dimensions`, appended to the features
// (Salimans et al. 2016, section 3.2).
Layer minibatch_discrimination(int features, int kernels, int dimensions);
Tensor with_minibatch_similarity(const Tensor& x, const Tensor& weight, int64_t kernels);  // weight [kernels * dimensions, features]

// Rows of a table by label: [N] i64 -> [N, width].
class Embedding : public Module, public SpectralLayer {
 public:
  Embedding(int rows, int width, const Init& init, bool spectral);
  SpectralWeight spectral_weight() const override { return spectral_.on() ? spectral_.of(table_) : SpectralWeight{}; }
  void keep_normalised(const Tensor& w) override { spectral_.keep(w); }
  using Module::forward;
  Tensor forward(const Tensor& labels) override;
  void visit(const Visit& v) override;
  std::string type() const override { return "embedding"; }
  std::string describe() const override;
 private:
  Tensor table_;
  SpectralState spectral_;
};
Layer embedding(int rows, int width, const Init& init = init::normal(0, 1), bool spectral = false);

}  // namespace ganymede::nn

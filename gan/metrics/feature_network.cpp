#include "gan/metrics/feature_network.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/inception.h"
#include "gan/nets/vgg.h"
#include "nn/init.h"

namespace ganymede::metrics {
namespace {

Tensor three_channels(const Tensor& x) { return x.dim(3) == 3 ? x : concat({x, x, x}, 3); }

// In f32 whatever a run was trained in, so that figures compare.
class Judging {
 public:
  Judging() { context().training = false, context().recording = false, context().precision = Precision::f32; }
 private:
  ContextScope scope_;
};

}  // namespace

std::string FeatureNetwork::intake_text() const {
  switch (intake) {
    case Intake::as_is: return "byte / 127.5 - 1, pictures above 32 pixels reduced to 32 (bilinear, antialiased)";
    case Intake::inception_tf: return "299x299 by TF1's bilinear resize without antialiasing, (byte - 128) / 128";
    case Intake::inception_pytorch: return "299x299 by PyTorch's bilinear resize without antialiasing, byte / 127.5 - 1";
    case Intake::imagenet: return "224x224 bilinear with antialiasing, ImageNet's mean and deviation taken out";
  }
  return "";
}

Tensor resize_tf1(const Tensor& x, int64_t height, int64_t width) {
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2);
  if (h == height && w == width) return x;
  // As a grid with aligned corners, on which -1 and 1 are the centres of the border pixels.
  const auto place = [](int64_t i, int64_t in, int64_t out) { return in == 1 ? 0.0 : 2 * (double(i) * double(in) / double(out)) / double(in - 1) - 1; };
  std::vector<double> grid;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t i = 0; i < width; ++i) grid.push_back(place(i, w, width)), grid.push_back(place(y, h, height));
  const Tensor one = tensor(grid, Shape{1, height, width, 2}, x.dtype() == DType::f64 ? DType::f64 : DType::f32, x.device());
  return grid_sample(x, broadcast_to(one, Shape{n, height, width, 2}), {SampleMode::bilinear, SampleBorder::clamp, true});
}

Tensor taken_in(Intake intake, const Tensor& x, bool resized) {
  switch (intake) {
    case Intake::as_is: return x;
    case Intake::inception_tf: {
      const Tensor y = three_channels(resized ? resize_tf1(x, 299, 299) : x);
      return y * (127.5 / 128) + (127.5 - 128) / 128;   // (127.5 (y + 1) - 128) / 128
    }
    case Intake::inception_pytorch: return three_channels(resized ? resize(x, 299, 299, Interpolation::linear) : x);
    case Intake::imagenet: return nets::imagenet_normaliser(x.dtype(), x.device())(three_channels(resized ? resize(x, 224, 224, Interpolation::linear, false, true) : x));
  }
  fail("an intake that is none");
}

Seen look(const FeatureNetwork& network, const Pictures& pictures) {
  const Judging scope;
  const int64_t batch = network.intake == Intake::as_is ? 250 : 16;
  Seen seen;
  for (int64_t at = 0; at < pictures.count; at += batch) {
    const auto out = network.module->outputs(taken_in(network.intake, pictures.tensor(at, std::min(batch, pictures.count - at)), true));
    if (at == 0) seen.features.width = out.features.dim(1), seen.probabilities.width = out.logits.defined() ? out.logits.dim(1) : 0;
    seen.features.append(out.features.to_floats());
    if (out.logits.defined()) seen.probabilities.append(softmax(cast(out.logits, out.logits.dtype() == DType::f64 ? DType::f64 : DType::f32)).to_floats());
  }
  return seen;
}

Tensor logits(const FeatureNetwork& network, const Tensor& x) {
  const Judging scope;
  return network.module->outputs(taken_in(network.intake, x, true)).logits;
}

std::vector<Maps> maps(const FeatureNetwork& network, const Pictures& pictures, int64_t first, int64_t n) {
  const Judging scope;
  std::vector<Maps> out(static_cast<size_t>(n));
  constexpr int64_t kBatch = 16;
  for (int64_t at = 0; at < n; at += kBatch) {
    const int64_t count = std::min(kBatch, n - at);
    for (const Tensor& tap : network.module->taps(taken_in(network.intake, pictures.tensor(first + at, count), false))) {
      const std::vector<float> values = tap.to_floats();
      const int64_t each = tap.count() / count;
      for (int64_t i = 0; i < count; ++i) {
        Rows rows(0, tap.dim(3));
        rows.append({values.data() + i * each, size_t(each)});
        out[size_t(at + i)].push_back(std::move(rows));
      }
    }
  }
  return out;
}

double mean_lpips(const FeatureNetwork& network, const Tensor& a, const Tensor& b) {
  require(!network.lpips_weights.empty(), network.origin, ": no weights of LPIPS");
  require(a.shape() == b.shape(), "LPIPS of pictures ", a.shape(), " and ", b.shape());
  Pictures first, second;
  first.append(a), second.append(b);
  const std::vector<Maps> x = maps(network, first, 0, first.count), y = maps(network, second, 0, second.count);
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += lpips(x[i], y[i], network.lpips_weights) / double(x.size());
  return sum;
}

FeatureNetwork random_texture_network() {
  FeatureNetwork f;
  f.name = "random stem", f.origin = "the first five layers of Inception-v3 with fixed random weights (seed 1)", f.own = true, f.reach = nets::Reach::taps;
  f.intake = Intake::inception_pytorch;
  nn::seed_parameters(1);
  f.module = nets::inception(nets::InceptionKind::torchvision, 1, nets::Reach::taps);
  f.net = nn::Net("features", f.module);
  return f;
}

}  // namespace ganymede::metrics

#include "gan/singan/pyramid.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/dataset.h"

namespace ganymede::singan {
namespace {

constexpr int64_t kReach = nets::kSinganReach;

Tensor padded(const Tensor& x) { return pad(x, {kReach, kReach, kReach, kReach}, Padding::zero); }

// The top left part; the last rows and columns again where some are missing.
Tensor cropped(const Tensor& x, const Extent& to) {
  if (x.dim(1) == to.height && x.dim(2) == to.width) return x;
  return pad(x, {0, to.width - x.dim(2), 0, to.height - x.dim(1)}, Padding::replicate);
}

Extent times(const Extent& e, double tall, double wide) {
  return {std::max<int64_t>(1, std::llround(double(e.height) * tall)), std::max<int64_t>(1, std::llround(double(e.width) * wide))};
}

}  // namespace

int Pyramid::reached() const { return is_plan(begun.device()) ? int(scales.size()) - 1 : std::max(0, int(begun.item()) - 1); }

void Pyramid::take(const DataFacts& data, int64_t row) const {
  const data::HostBatch host = data.read({row});
  const auto pixels = host.real("image");
  const Tensor given = tensor(std::vector<double>(pixels.begin(), pixels.end()), {1, data.size, data.width, data.channels}, context().dtype, context().device);
  const Tensor last = shape.shrink < 1 ? clamp(matlab_resize(given, shape.shrink), -1, 1) : given;
  for (int i = 0; i <= finest(); ++i) assign(scales[size_t(i)].real, i == finest() ? last : clamp(matlab_resize(last, shape.scale_of(i)), -1, 1));
}

void Pyramid::enter(int i, double noise) const {
  const Scale& s = scales[size_t(i)];
  const Scale& below = scales[size_t(i - 1)];
  if (s.channels == below.channels)
    for (const auto& [to, from] : {std::pair{s.G, below.G}, std::pair{s.D, below.D}}) {
      assign(to.flat(), from.flat());
      for (size_t k = 0; k < to.buffers().size(); ++k) assign(to.buffers()[k].value, from.buffers()[k].value);
    }
  assign(s.before, cast(enlarge(reconstruct(i - 1), i), s.before.dtype()));
  assign(s.amp, reshape(noise * sqrt(mean(square(s.before - s.real))), Shape{1}));
}

Tensor Pyramid::noise(int scale, int64_t n, const Extent& size) const {
  const int64_t more = noise_in_padding ? 2 * kReach : 0;
  return draws.normal({n, size.height + more, size.width + more, scale == 0 ? 1 : colours});
}

Tensor Pyramid::prepared(int scale, const Tensor& noise) const {
  const Tensor z = mul(scales[size_t(scale)].amp, noise), on_all = broadcast_to(z, {z.dim(0), z.dim(1), z.dim(2), colours});
  return noise_in_padding ? on_all : padded(on_all);
}

Tensor Pyramid::input(const Tensor& z, const Tensor& before) const {
  if (!before) return z;
  return z ? add(z, padded(before)) : padded(before);
}

Tensor Pyramid::onto(const Tensor& before, const Tensor& residual) { return before ? add(residual, before) : residual; }

Tensor Pyramid::pass_prepared(const Pass& generator, const Tensor& z, const Tensor& before) const {
  return onto(before, generator(input(z, before)));
}

Tensor Pyramid::pass(int scale, const Pass& generator, const Tensor& noise, const Tensor& before) const {
  return pass_prepared(generator, noise ? prepared(scale, noise) : Tensor{}, before);
}

Tensor Pyramid::frozen(int scale, const Tensor& noise, const Tensor& before) const {
  const nn::Net& g = scales[size_t(scale)].G;
  return pass(scale, [&](const Tensor& x) { return g.infer(x); }, noise, before);
}

Tensor Pyramid::enlarge(const Tensor& x, const Extent& to) const {
  const Tensor y = matlab_resize(clamp(x, -1, 1), 1 / shape.factor);
  return cropped(y, to);
}

Tensor Pyramid::before(int scale, int64_t n) const {
  Tensor x;
  for (int k = 0; k < scale; ++k) x = enlarge(frozen(k, noise(k, n), x), k + 1);
  return x;
}

Tensor Pyramid::reconstruct(int scale, const Tensor& other_noise) const {
  Tensor x;
  for (int k = 0; k <= scale; ++k) x = frozen(k, k ? Tensor{} : other_noise ? other_noise : z_star, k ? enlarge(x, k) : x);
  return x;
}

Tensor Pyramid::sample(int64_t n, int last, int start, double strength) const {
  require(start >= 0 && start <= last, "a start at scale ", start, ": there are 0 to ", last);
  if (start == 0) return go_on(n, 0, last, {}, strength);
  const Tensor below = enlarge(reconstruct(start - 1), start);
  return go_on(n, start, last, broadcast_to(below, {n, below.dim(1), below.dim(2), below.dim(3)}), strength);
}

Tensor Pyramid::sample(int64_t n, int last, double tall, double wide, double strength) const {
  Tensor x;
  for (int k = 0; k <= last; ++k) {
    const Extent to = times(size(k), tall, wide);
    x = frozen(k, noise(k, n, to) * strength, k ? enlarge(x, to) : x);
  }
  return x;
}

Tensor Pyramid::go_on(int64_t n, int from, int last, const Tensor& before, double strength) const {
  Tensor x = before;
  for (int k = from; k <= last; ++k) x = frozen(k, noise(k, n) * strength, k > from ? enlarge(x, k) : x);
  return x;
}

Tensor Pyramid::inject(const Tensor& picture, int scale) const {
  require(scale >= 1 && scale <= finest(), "injection at scale ", scale, ": it must be 1 to ", finest());
  const Tensor small = cropped(matlab_resize(picture, shape.scale_of(scale - 1)), size(scale - 1));
  return enlarge(small, scale);
}

}  // namespace ganymede::singan

#include "gan/metrics/pictures.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "engine/check.h"
#include "engine/context.h"

namespace ganymede::metrics {

data::Picture Pictures::picture(int64_t i) const {
  data::Picture p(height, width, channels);
  std::copy_n(bytes.begin() + i * bytes_each(), bytes_each(), p.pixels.begin());
  return p;
}

Tensor Pictures::tensor(int64_t first, int64_t n) const {
  std::vector<float> values(size_t(n * bytes_each()));
  std::transform(bytes.begin() + first * bytes_each(), bytes.begin() + (first + n) * bytes_each(), values.begin(), [](uint8_t b) { return data::to_float(b); });
  return ganymede::tensor(values, Shape{n, height, width, channels}, context().dtype, context().device);
}

void Pictures::append(const Tensor& x) {
  require(x.rank() == 4 && (x.dim(3) == 1 || x.dim(3) == 3), "pictures from a tensor of shape ", x.shape(), ": expected [N, H, W, 1 or 3]");
  if (count == 0) height = x.dim(1), width = x.dim(2), channels = x.dim(3);
  require(x.dim(1) == height && x.dim(2) == width && x.dim(3) == channels, "pictures of shape ", x.shape(), " after pictures of ", size_text());
  for (const float v : x.to_floats()) {
    require(std::isfinite(v), "a generated picture holds ", v, ": the run has diverged");
    bytes.push_back(data::to_byte(v));
  }
  count += x.dim(0);
}

Pictures Pictures::first(int64_t n) const {
  Pictures out = *this;
  out.count = std::min(n, count);
  out.bytes.resize(size_t(out.count * bytes_each()));
  if (!labels.empty()) out.labels.resize(size_t(out.count));
  return out;
}

std::string Pictures::size_text() const { return text(height, "x", width, channels == 1 ? ", grey" : ", colour"); }

Pictures read_pictures(const data::Dataset& set, int64_t most, uint64_t seed) {
  const data::Field* image = set.field("image");
  require(image != nullptr && image->shape.size() == 3, set.describe(), ": no field image, measures compare pictures");
  std::vector<int64_t> which;
  for (int64_t i = 0; i < set.size(); ++i)
    if (set.normal(i)) which.push_back(i);
  if (const int64_t all = std::ssize(which); most > 0 && most < all) {
    data::Random random(seed, 0x9c7);
    for (int64_t i = 0; i < most; ++i) std::swap(which[size_t(i)], which[size_t(i + random.below(all - i))]);
    which.resize(size_t(most));
  }
  Pictures out;
  out.count = int64_t(which.size()), out.height = image->shape[0], out.width = image->shape[1], out.channels = image->shape[2];
  out.bytes.resize(size_t(out.count * out.bytes_each()));
  const bool labelled = set.classes() > 0 && set.field("label") != nullptr;
  if (labelled) out.labels.resize(which.size());
  std::exception_ptr error;
#pragma omp parallel
  {
    data::HostBatch row(set.fields(), 1);
#pragma omp for schedule(dynamic, 64)
    for (int64_t i = 0; i < out.count; ++i) try {
        data::Random random(seed, 0, uint64_t(which[size_t(i)]));
        set.read(which[size_t(i)], random, row, 0);
        const auto v = row.real("image");
        std::transform(v.begin(), v.end(), out.bytes.begin() + i * out.bytes_each(), data::to_byte);
        if (labelled) out.labels[size_t(i)] = row.integer("label")[0];
      } catch (...) {
#pragma omp critical
        error = std::current_exception();
      }
  }
  if (error) std::rethrow_exception(error);
  return out;
}

}  // namespace ganymede::metrics

#include "gan/metrics/damage.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/data/transform.h"

namespace ganymede::metrics {
namespace {

Pictures noisy(const Pictures& p, double deviation, uint64_t seed) {
  Pictures out = p;
#pragma omp parallel for
  for (int64_t i = 0; i < p.count; ++i) {
    data::Random random(seed, uint64_t(i));
    for (int64_t k = i * p.bytes_each(); k < (i + 1) * p.bytes_each(); ++k)
      out.bytes[size_t(k)] = uint8_t(std::lround(std::clamp(p.bytes[size_t(k)] + deviation * random.normal(), 0.0, 255.0)));
  }
  return out;
}

Pictures blurred(const Pictures& p, double sigma, uint64_t) {
  Pictures out = p;
  if (sigma == 0) return out;
#pragma omp parallel for schedule(dynamic, 16)
  for (int64_t i = 0; i < p.count; ++i) {
    data::Image image{p.height, p.width, p.channels, std::vector<float>(size_t(p.bytes_each()))};
    data::to_float(p.picture(i), image.values.data());
    const data::Image soft = data::blurred(image, sigma);
    std::transform(soft.values.begin(), soft.values.end(), out.bytes.begin() + i * p.bytes_each(), data::to_byte);
  }
  return out;
}

// As many pictures, each one of pick(its label's members, random).
template <class Pick>
Pictures redrawn(const Pictures& p, uint64_t seed, Pick pick) {
  require(int64_t(p.labels.size()) == p.count, "pictures without labels: no class can be lost");
  std::vector<std::vector<int64_t>> members(size_t(*std::max_element(p.labels.begin(), p.labels.end()) + 1));
  for (size_t i = 0; i < p.labels.size(); ++i) members[size_t(p.labels[i])].push_back(int64_t(i));
  Pictures out = p;
  data::Random random(seed, 0xda);
  for (int64_t i = 0; i < p.count; ++i) {
    const int64_t from = pick(members, p.labels[size_t(i)], random);
    std::copy_n(p.bytes.begin() + from * p.bytes_each(), p.bytes_each(), out.bytes.begin() + i * p.bytes_each());
    out.labels[size_t(i)] = p.labels[size_t(from)];
  }
  return out;
}

Pictures without_classes(const Pictures& p, double kept, uint64_t seed) {
  if (kept == 0) return p;
  return redrawn(p, seed, [&](const auto& members, int64_t label, data::Random& random) {
    const auto& of = members[size_t(label) % std::min(members.size(), size_t(kept))];
    return of[size_t(random.below(int64_t(of.size())))];
  });
}

Pictures without_variety(const Pictures& p, double different, uint64_t seed) {
  if (different == 0) return p;
  return redrawn(p, seed, [&](const auto& members, int64_t label, data::Random& random) {
    const auto& of = members[size_t(label)];
    return of[size_t(random.below(std::min<int64_t>(int64_t(of.size()), int64_t(different))))];
  });
}

}  // namespace

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"noise", "standard deviation, of 255", "0", {0, 4, 8, 16, 32, 64, 128}, noisy},
      {"blur", "standard deviation, pixels", "0", {0, 0.5, 0.75, 1, 1.5, 2, 3}, blurred},
      {"lost classes", "classes left", "all", {0, 8, 6, 4, 3, 2, 1}, without_classes},
      {"lost variety", "different pictures a class", "all", {0, 100, 30, 10, 5, 2, 1}, without_variety},
  };
  return all;
}

}  // namespace ganymede::metrics

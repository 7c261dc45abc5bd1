#include "gan/data/landscape.h"

#include <algorithm>
#include <cmath>

namespace ganymede::data {
namespace {

Colour mixed(const Colour& a, const Colour& b, double share) {
  Colour c{};
  for (size_t i = 0; i < 3; ++i) c[i] = static_cast<float>(a[i] + (b[i] - a[i]) * std::clamp(share, 0.0, 1.0));
  return c;
}
Colour scaled(const Colour& a, double by) { return {static_cast<float>(a[0] * by), static_cast<float>(a[1] * by), static_cast<float>(a[2] * by)}; }
Colour lit_by(const Colour& a, const Colour& light) { return {a[0] * light[0], a[1] * light[1], a[2] * light[2]}; }

// Smooth noise in [0, 1] with a value a whole place, by its seed.
class Noise {
 public:
  explicit Noise(uint64_t seed) : seed_(seed) {}
  double at(double x, double y) const {
    const double fx = std::floor(x), fy = std::floor(y), u = smooth(x - fx), v = smooth(y - fy);
    const auto corner = [&](int dx, int dy) { return Random(seed_, static_cast<uint64_t>(static_cast<int64_t>(fx) + dx + 4096), static_cast<uint64_t>(static_cast<int64_t>(fy) + dy + 4096)).uniform(); };
    const double top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u, bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u;
    return top + (bottom - top) * v;
  }
  // Octaves, each twice as fine and half as strong as the one before; in [0, 1].
  double rough(double x, double y, int octaves) const {
    double sum = 0, weight = 1, all = 0;
    for (int i = 0; i < octaves; ++i, x = 2 * x + 17, y = 2 * y + 31, weight /= 2) sum += weight * at(x, y), all += weight;
    return sum / all;
  }

 private:
  static double smooth(double t) { return t * t * (3 - 2 * t); }
  uint64_t seed_;
};

struct Light {
  Colour zenith, haze, sun;
};
constexpr Light kNoon{{0.22f, 0.47f, 0.86f}, {0.76f, 0.88f, 0.97f}, {1, 1, 0.98f}};
constexpr Light kLights[] = {kNoon,
                             {{0.25f, 0.27f, 0.52f}, {0.98f, 0.62f, 0.38f}, {1, 0.70f, 0.55f}},
                             {{0.03f, 0.04f, 0.14f}, {0.13f, 0.17f, 0.33f}, {0.30f, 0.36f, 0.55f}},
                             {{0.52f, 0.57f, 0.62f}, {0.75f, 0.77f, 0.79f}, {0.74f, 0.76f, 0.78f}}};

// One landscape, looked at place by place.
class View {
 public:
  explicit View(const Landscape& l) : l_(l), noise_(l.noise) {}

  Land land(double x, double y) const {
    if (y > l_.horizon + 0.03 * (noise_.rough(3 * x, 1, 3) - 0.5)) {
      if (l_.shore >= 1) return Land::grass;
      const double shore = l_.shore + 0.12 * (noise_.rough(2.5 * x, 40, 3) - 0.5);
      return y > shore ? Land::water : y > shore - l_.beach ? Land::sand : Land::grass;
    }
    if (l_.wood > 0 && y > l_.horizon - l_.wood * (0.35 + 0.5 * noise_.rough(4 * x, 60, 2) + 0.3 * noise_.at(36 * x, 70))) return Land::forest;
    if (l_.peak > 0 && y > mountain_line(x)) return Land::mountain;
    return in_cloud(x, y) ? Land::cloud : Land::sky;
  }

  Colour colour(double x, double y, Land land) const {
    switch (land) {
      case Land::sky: return sky(y);
      case Land::cloud: return mixed(sky(y), lit_by({0.98f, 0.98f, 0.98f}, mixed(l_.sun, l_.haze, 0.4)), 0.55 + 0.5 * noise_.rough(9 * x, 14 * y, 3));
      case Land::mountain: {
        const double below = y - mountain_line(x), slope = noise_.rough(9 * x, 9 * y, 4) - noise_.rough(9 * x + 0.25, 9 * y + 0.1, 4);
        const Colour rock = mixed({0.42f, 0.38f, 0.37f}, {0.58f, 0.53f, 0.48f}, noise_.rough(12 * x, 12 * y, 3));
        const Colour bare = below < 0.22 * l_.peak * (0.6 + noise_.at(14 * x, 7)) ? Colour{0.93f, 0.94f, 0.97f} : rock;
        return mixed(lit(bare, 0.8 + 1.6 * slope), l_.haze, 0.2);
      }
      case Land::forest: {
        const Colour leaf = mixed({0.10f, 0.30f, 0.13f}, {0.62f, 0.33f, 0.08f}, l_.autumn * (0.5 + 0.7 * noise_.at(20 * x, 90)));
        return lit(leaf, 0.45 + 1.0 * noise_.at(34 * x, 34 * y) * (0.7 + 0.3 * noise_.at(70 * x, 70 * y)));
      }
      case Land::grass: {
        const Colour blade = mixed({0.33f, 0.58f, 0.20f}, {0.63f, 0.58f, 0.24f}, 0.7 * l_.autumn + 0.3 * noise_.rough(5 * x, 9 * y, 2));
        return lit(blade, 0.8 + 0.4 * noise_.at(60 * x, 24 * y) - 0.25 * (y - l_.horizon));
      }
      case Land::sand: return lit({0.87f, 0.77f, 0.54f}, 0.88 + 0.2 * noise_.at(60 * x, 60 * y));
      case Land::water: {
        const double depth = (y - l_.horizon) / std::max(0.05, 1 - l_.horizon), streak = noise_.at(7 * x, 55 * y);
        return mixed(mixed(sky(l_.horizon * (1 - 0.8 * depth)), lit({0.08f, 0.26f, 0.42f}, 1), 0.35 + 0.3 * depth), l_.haze, 0.45 * std::max(0.0, streak - 0.6));
      }
    }
    return {};
  }

 private:
  double mountain_line(double x) const {
    const double ridge = 1 - std::abs(2 * noise_.rough(2.2 * x, 20, 4) - 1);
    return l_.horizon - l_.peak * (0.15 + 0.85 * ridge * ridge);
  }
  bool in_cloud(double x, double y) const {
    for (const Landscape::Cloud& c : l_.clouds) {
      const double dx = (x - c.x) / c.width, dy = (y - c.y) / c.height;
      if (dx * dx + dy * dy < 0.35 + 1.3 * noise_.rough(7 * x, 10 * y + 50, 3) - 0.3) return true;
    }
    return false;
  }
  Colour sky(double y) const { return mixed(l_.zenith, l_.haze, std::pow(std::clamp(y / l_.horizon, 0.0, 1.0), 1.4)); }
  Colour lit(const Colour& of, double by) const { return lit_by(scaled(of, std::max(0.0, by)), l_.sun); }

  const Landscape& l_;
  Noise noise_;
};

}  // namespace

Palette landscape_palette() {
  const std::pair<const char*, Rgb> all[] = {{"sky", {120, 185, 240}}, {"cloud", {225, 228, 235}}, {"mountain", {130, 110, 105}}, {"forest", {30, 95, 50}}, {"grass", {125, 190, 80}}, {"sand", {230, 205, 130}}, {"water", {35, 90, 180}}};
  std::vector<Meaning> meanings;
  for (const auto& [name, colour] : all) meanings.push_back({name, colour, colour});
  return Palette(std::move(meanings));
}

Landscape draw_landscape(bool lit, Random& random) {
  Landscape l;
  l.noise = random.bits();
  l.horizon = random.uniform(0.3, 0.62);
  const bool mountains = random.chance(0.65), forest = random.chance(0.6), water = random.chance(0.6), beach = random.chance(0.65);
  const double peak = random.uniform(0.12, 0.34), wood = random.uniform(0.06, 0.2), shore = random.uniform(l.horizon + 0.05, 0.88), width = random.uniform(0.03, 0.1);
  if (mountains) l.peak = std::min(peak, l.horizon - 0.05);
  if (forest) l.wood = std::min(wood, l.horizon - 0.05);
  if (water) l.shore = shore, l.beach = beach ? width : 0;
  for (int64_t i = random.below(4); i > 0; --i) {
    Landscape::Cloud c;
    c.x = random.uniform(), c.y = random.uniform(0.05, 0.75) * l.horizon;
    c.width = random.uniform(0.1, 0.3), c.height = c.width * random.uniform(0.25, 0.5);
    l.clouds.push_back(c);
  }
  const Light &first = kLights[lit ? random.below(4) : 0], &second = kLights[lit ? random.below(4) : 0];
  const double share = lit ? 0.4 * random.uniform() : 0;
  l.zenith = mixed(first.zenith, second.zenith, share), l.haze = mixed(first.haze, second.haze, share), l.sun = mixed(first.sun, second.sun, share);
  if (lit && random.chance(0.35)) l.autumn = random.uniform(0.5, 1);
  return l;
}

LandscapeRendering render(const Landscape& landscape, int64_t size, const Window& window) {
  const View view(landscape);
  LandscapeRendering r;
  const auto place = [&](int64_t row, int64_t column, double down, double right, const auto& see) {
    const double x = (static_cast<double>(window.mirrored ? size - 1 - column : column) + right) / static_cast<double>(size), y = (static_cast<double>(row) + down) / static_cast<double>(size);
    return see(window.left + window.side * x, window.top + window.side * y);
  };
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < size; ++column) {
      r.semantic.push_back(static_cast<int64_t>(place(row, column, 0.5, 0.5, [&](double x, double y) { return view.land(x, y); })));
      Colour sum{};
      for (const double down : {0.25, 0.75})
        for (const double right : {0.25, 0.75}) {
          const Colour c = place(row, column, down, right, [&](double x, double y) { return view.colour(x, y, view.land(x, y)); });
          for (size_t i = 0; i < 3; ++i) sum[i] += std::clamp(c[i], 0.0f, 1.0f);
        }
      for (const float s : sum) r.image.push_back(2 * s / 4 - 1);
    }
  return r;
}

}  // namespace ganymede::data

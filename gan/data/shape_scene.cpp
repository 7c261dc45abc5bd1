#include "gan/data/shape_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ganymede::data {
namespace {

using std::numbers::pi;
constexpr double kSmallest = 0.12, kSmallMost = 0.165, kLargeLeast = 0.22, kLargest = 0.29;
constexpr double kMostTilt = 0.6;
constexpr double kHatRoom = 0.5;  // how much higher a hat makes an object, in radii

Colour jittered(Colour colour, double amount, Random& random) {
  for (float& channel : colour) {
    channel = static_cast<float>(std::clamp(channel + random.uniform(-amount, amount), 0.0, 1.0));
  }
  return colour;
}

template <class T>
T pick(const std::vector<T>& choices, Random& random) {
  return choices[static_cast<size_t>(random.below(static_cast<int64_t>(choices.size())))];
}

Ground draw_ground(const World& world, bool dark, Random& random) {
  Ground ground;
  ground.texture = pick(world.textures, random);
  ground.dark = dark;
  const double base = dark ? random.uniform(0.10, 0.20) : random.uniform(0.80, 0.90);
  const double contrast = dark ? 0.10 : -0.11;
  for (size_t c = 0; c < 3; ++c) {
    const double tint = random.uniform(-world.tint, world.tint);
    ground.first[c] = static_cast<float>(base + tint);
    ground.second[c] = static_cast<float>(base + tint + contrast);
  }
  ground.scale = random.uniform(0.12, 0.22);
  ground.angle = random.uniform(0, pi);
  ground.seed = random.bits();
  ground.velocity = {random.uniform(-0.012, 0.012), random.uniform(-0.012, 0.012)};
  return ground;
}

struct Bits {
  bool filled, large, hat, frame, dark;
};

// With probability sqrt(correlation) an attribute follows a common coin: each pair then correlates as asked
// for.
Bits draw_bits(const World& world, Random& random) {
  const bool common = random.chance(0.5);
  const auto draw = [&](double probability) {
    const bool own = random.chance(probability), follow = random.chance(std::sqrt(world.correlation));
    return follow ? common : own;
  };
  return {draw(world.filled), draw(world.large), draw(world.hat), draw(world.frame), draw(world.dark)};
}

int draw_colour(const World& world, Shape shape, Random& random) {
  const int own = static_cast<int>(shape) % static_cast<int>(world.colours.size());
  const int other =
      (own + static_cast<int>(world.colours.size()) / 2) % static_cast<int>(world.colours.size());
  const bool swap = random.chance(world.rare);
  const int any = pick(world.colours, random);
  switch (world.colour_rule) {
    case World::ColourRule::by_class: return world.colours[static_cast<size_t>(own)];
    case World::ColourRule::one_of_two: return world.colours[static_cast<size_t>(swap ? other : own)];
    case World::ColourRule::any: break;
  }
  return any;
}

Fill draw_fill(const World& world, bool filled, Random& random) {
  std::vector<Fill> choices;
  for (Fill fill : world.fills) {
    if ((fill != Fill::outline) == filled) choices.push_back(fill);
  }
  return pick(choices.empty() ? world.fills : choices, random);
}

Object draw_object(const World& world, const Bits& bits, Random& random) {
  Object object;
  object.shape = pick(world.kinds, random);
  object.colour = draw_colour(world, object.shape, random);
  object.paint = jittered(named_colour(object.colour), 0.04, random);
  object.fill = draw_fill(world, bits.filled, random);
  object.large = bits.large;
  object.hat = bits.hat;
  object.radius = bits.large ? random.uniform(kLargeLeast, kLargest) : random.uniform(kSmallest, kSmallMost);
  object.angle = random.uniform(-kMostTilt, kMostTilt) * world.tilt;
  const double margin = object.radius * 1.05 + 0.02,
               top = margin + (object.hat || world.coloured_hats ? kHatRoom * object.radius : 0);
  const auto place = [&](double low, double high) {
    const double middle = (low + high) / 2, half = (high - low) / 2 * world.spread;
    return random.uniform(middle - half, middle + half);
  };
  object.centre = {place(margin, 1 - margin), place(top, 1 - margin)};
  object.velocity = {random.uniform(-0.03, 0.03), random.uniform(-0.03, 0.03)};
  object.spin = random.uniform(-0.12, 0.12);
  if (world.coloured_hats) object.hat_colour = static_cast<int>(random.below(kColours));
  return object;
}

}  // namespace

const std::vector<std::string>& colour_names() {
  static const std::vector<std::string> names = {"red",  "orange", "yellow", "green",
                                                 "cyan", "blue",   "purple", "pink"};
  return names;
}

Colour named_colour(int index) {
  static constexpr Colour kPalette[kColours] = {
      {0.86f, 0.16f, 0.16f}, {0.95f, 0.52f, 0.12f}, {0.96f, 0.83f, 0.18f}, {0.20f, 0.66f, 0.28f},
      {0.20f, 0.74f, 0.80f}, {0.18f, 0.34f, 0.86f}, {0.55f, 0.25f, 0.75f}, {0.95f, 0.48f, 0.70f}};
  return kPalette[index];
}

const std::vector<std::string>& fill_names() {
  static const std::vector<std::string> names = {"solid", "striped", "hollow"};
  return names;
}

const std::vector<std::string>& texture_names() {
  static const std::vector<std::string> names = {"plain", "shaded", "cloudy", "striped", "checked", "dotted"};
  return names;
}

Scene draw_scene(const World& world, Random& random) {
  Scene scene;
  const Bits bits = draw_bits(world, random);
  scene.ground = draw_ground(world, bits.dark, random);
  scene.frame = bits.frame;
  scene.frame_paint =
      jittered(bits.dark ? Colour{0.80f, 0.72f, 0.55f} : Colour{0.35f, 0.22f, 0.14f}, 0.05, random);

  std::vector<Object> objects = {draw_object(world, bits, random)};
  const int64_t count = world.least_objects + random.below(world.most_objects - world.least_objects + 1);
  constexpr int kTries = 20;
  for (int tries = 0; static_cast<int64_t>(objects.size()) < count && tries < kTries * count; ++tries) {
    Bits others = draw_bits(world, random);
    others.large = others.large && bits.large;
    Object object = draw_object(world, others, random);
    object.radius = std::min(object.radius, 0.9 * objects[0].radius);
    // Overlaps hide some of an object, never most of it.
    const bool clear = std::all_of(objects.begin(), objects.end(), [&](const Object& other) {
      const double distance = std::hypot(object.centre.x - other.centre.x, object.centre.y - other.centre.y);
      return distance > 0.75 * (object.radius + other.radius);
    });
    if (clear) objects.push_back(object);
  }
  // The main object takes any place between back and front.
  scene.main = static_cast<size_t>(random.below(static_cast<int64_t>(objects.size())));
  std::swap(objects[0], objects[scene.main]);
  if (world.chalk) {
    scene.ground.first = scene.ground.second = {0, 0, 0};
    for (Object& object : objects) object.paint = {1, 1, 1};
  }
  scene.objects = std::move(objects);
  return scene;
}

Scene mirrored(Scene scene) {
  for (Object& object : scene.objects) {
    object.centre.x = 1 - object.centre.x;
    object.angle = -object.angle, object.spin = -object.spin, object.velocity.x = -object.velocity.x;
  }
  scene.ground.velocity.x = -scene.ground.velocity.x;
  return scene;
}

const std::vector<std::string>& scene_attribute_names() {
  static const std::vector<std::string> names = {"red",   "green", "blue",  "filled",
                                                 "large", "hat",   "frame", "dark"};
  return names;
}

std::vector<float> attributes_of(const Scene& scene) {
  const Object& object = scene.objects[scene.main];
  const std::string& colour = colour_names()[static_cast<size_t>(object.colour)];
  const bool bits[] = {colour == "red", colour == "green", colour == "blue", object.fill != Fill::outline,
                       object.large,    object.hat,        scene.frame,      scene.ground.dark};
  return {std::begin(bits), std::end(bits)};
}

const std::vector<std::string>& keypoint_names() {
  static const std::vector<std::string> names = {"middle", "top", "right", "bottom", "left"};
  return names;
}

std::array<Point, kKeypoints> keypoints_of(const Object& object) {
  std::array<Point, kKeypoints> points;
  points[0] = object.centre;
  for (int i = 0; i < 4; ++i) {
    const double direction = -pi / 2 + pi / 2 * i, radius = outline_radius(object.shape, direction);
    points[static_cast<size_t>(i) + 1] =
        from_local(object, {radius * std::cos(direction), radius * std::sin(direction)});
  }
  return points;
}

LocalFrame::LocalFrame(const Object& object)
    : centre_(object.centre), radius_(object.radius), cos_(std::cos(object.angle)), sin_(std::sin(object.angle)) {}

Point LocalFrame::to_local(Point at) const {
  const double dx = (at.x - centre_.x) / radius_, dy = (at.y - centre_.y) / radius_;
  return {cos_ * dx + sin_ * dy, -sin_ * dx + cos_ * dy};
}

Point to_local(const Object& object, Point at) { return LocalFrame(object).to_local(at); }

Point from_local(const Object& object, Point local) {
  const double c = std::cos(object.angle), s = std::sin(object.angle);
  return {object.centre.x + object.radius * (c * local.x - s * local.y),
          object.centre.y + object.radius * (s * local.x + c * local.y)};
}

}  // namespace ganymede::data

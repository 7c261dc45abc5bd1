#include "gan/data/shape_render.h"

#include <algorithm>
#include <cmath>

#include "gan/data/shape_ground.h"

namespace ganymede::data {
namespace {

constexpr double kOutline = 0.11;     // half the width of a hollow object's line, in radii
constexpr double kBevel = 0.45;       // width of the rounded rim, in radii
constexpr double kFrameWidth = 0.06;  // of the picture's side
constexpr Colour kHatDark = {0.13f, 0.12f, 0.16f}, kHatLight = {0.93f, 0.91f, 0.86f};
constexpr double kLight[3] = {-0.43, -0.57, 0.70};  // towards the lamp: upper left, before the picture

double coverage(double distance) { return std::clamp(0.5 - distance, 0.0, 1.0); }

// Distances (in pixels) of the pixels around one object to its silhouette; one more pixel on every side than
// drawn.
struct DistanceField {
  int64_t left, top, width, height;
  std::vector<double> silhouette, hat;
  std::vector<Point> local;

  DistanceField(const Object& object, int64_t size) {
    const double pixels = static_cast<double>(size);
    const double reach = object.radius * (object.hat ? 2.1 : 1.4) * pixels + 3;
    left = static_cast<int64_t>(std::floor(object.centre.x * pixels - reach));
    top = static_cast<int64_t>(std::floor(object.centre.y * pixels - reach));
    width = height = static_cast<int64_t>(std::ceil(2 * reach)) + 1;
    const size_t count = static_cast<size_t>(width * height);
    silhouette.resize(count), hat.resize(count, 1e9), local.resize(count);
    const double scale = object.radius * pixels;
    const double line = std::max(kOutline * scale, 0.7);
    const LocalFrame frame(object);
    for (size_t i = 0; i < count; ++i) {
      const double x = static_cast<double>(left + static_cast<int64_t>(i) % width) + 0.5;
      const double y = static_cast<double>(top + static_cast<int64_t>(i) / width) + 0.5;
      local[i] = frame.to_local({x / pixels, y / pixels});
      // Far outside, a bound is enough: no shape reaches beyond 1.12, no shadow beyond 0.2 of that.
      const double beyond = std::hypot(local[i].x, local[i].y) - 1.12;
      double body =
          (beyond * scale > std::max(0.2 * scale, 2.0) ? beyond : signed_distance(object.shape, local[i])) *
          scale;
      if (object.fill == Fill::outline) body = std::abs(body + line) - line;
      if (object.hat && local[i].y < 0) hat[i] = hat_distance(object.shape, local[i]) * scale;
      silhouette[i] = std::min(body, hat[i]);
    }
  }

  size_t at(int64_t x, int64_t y) const {
    return static_cast<size_t>(std::clamp<int64_t>(y - top, 0, height - 1) * width +
                               std::clamp<int64_t>(x - left, 0, width - 1));
  }
};

// A rounded rim: the surface rises like a quarter circle from the outline inwards, then is flat.
std::array<double, 3> normal_at(const DistanceField& field, int64_t x, int64_t y, double bevel) {
  const double depth = std::clamp(-field.silhouette[field.at(x, y)] / bevel, 0.0, 1.0);
  double gx = field.silhouette[field.at(x + 1, y)] - field.silhouette[field.at(x - 1, y)];
  double gy = field.silhouette[field.at(x, y + 1)] - field.silhouette[field.at(x, y - 1)];
  const double length = std::hypot(gx, gy);
  if (length < 1e-6) return {0, 0, 1};
  const double tilt = 1 - depth, z = std::sqrt(1 - tilt * tilt);
  return {tilt * gx / length, tilt * gy / length, z};
}

Colour lit(const Colour& paint, const std::array<double, 3>& normal) {
  const double facing = std::max(0.0, normal[0] * kLight[0] + normal[1] * kLight[1] + normal[2] * kLight[2]);
  const double diffuse = 0.55 + 0.58 * facing, gloss = 0.35 * std::pow(facing, 24);
  Colour colour;
  for (size_t c = 0; c < 3; ++c) {
    colour[c] = static_cast<float>(std::clamp(paint[c] * diffuse + gloss, 0.0, 1.0));
  }
  return colour;
}

Colour paint_of(const Object& object, Point local, double pixel) {
  if (object.fill != Fill::striped) return object.paint;
  constexpr double kPeriod = 0.42;
  const double place = local.x / kPeriod - std::floor(local.x / kPeriod);
  const double edge = 0.25 - std::abs(place - 0.5);  // positive in the middle half
  return blend(object.paint, blend(object.paint, {1, 1, 1}, 0.72),
               std::clamp(0.5 + edge * kPeriod / pixel, 0.0, 1.0));
}

class Painter {
 public:
  Painter(const Scene& scene, int64_t size) : scene_(scene), size_(size) {
    const size_t count = static_cast<size_t>(size * size);
    out_.size = size;
    out_.image.resize(count * 3), out_.background.resize(count * 3), out_.normals.resize(count * 3);
    out_.foreground.resize(count * 4, -1);
    out_.edges.resize(count, 1), out_.owner.resize(count, kGroundOwner);
    for (size_t i = 0; i < count; ++i) out_.foreground[4 * i + 3] = 0, out_.normals[3 * i + 2] = 1;
  }

  Rendering paint() {
    paint_ground();
    for (size_t i = 0; i < scene_.objects.size(); ++i) {
      const DistanceField field(scene_.objects[i], size_);
      paint_shadow(scene_.objects[i], field);
      paint_object(static_cast<int>(i), field);
    }
    if (scene_.frame) paint_frame();
    for (float& value : out_.image) value = 2 * value - 1;
    for (float& value : out_.background) value = 2 * value - 1;
    return std::move(out_);
  }

 private:
  template <class Visit>
  void over(const DistanceField& field, Visit visit) {
    for (int64_t y = std::max<int64_t>(field.top, 0); y < std::min(field.top + field.height, size_); ++y) {
      for (int64_t x = std::max<int64_t>(field.left, 0); x < std::min(field.left + field.width, size_); ++x) {
        visit(x, y, static_cast<size_t>(y * size_ + x));
      }
    }
  }

  static void mix(std::vector<float>& picture, size_t pixel, const Colour& colour, double amount) {
    for (size_t c = 0; c < 3; ++c) picture[3 * pixel + c] = blend(picture[3 * pixel + c], colour[c], amount);
  }

  void paint_ground() {
    const double pixel = 1.0 / static_cast<double>(size_);
    const GroundColours ground(scene_.ground, pixel);
    for (int64_t i = 0; i < size_ * size_; ++i) {
      const Point at{(static_cast<double>(i % size_) + 0.5) * pixel,
                     (static_cast<double>(i / size_) + 0.5) * pixel};
      const Colour colour = ground.at(at);
      std::copy(colour.begin(), colour.end(), out_.image.begin() + 3 * i);
    }
    out_.background = out_.image;
  }

  void paint_shadow(const Object& object, const DistanceField& field) {
    const double scale = object.radius * static_cast<double>(size_), soft = std::max(0.16 * scale, 0.7);
    const int64_t dx = std::lround(0.10 * scale), dy = std::lround(0.14 * scale);
    over(field, [&](int64_t x, int64_t y, size_t pixel) {
      const double distance = field.silhouette[field.at(x - dx, y - dy)];
      const double amount = 0.45 * std::clamp(0.5 - 0.5 * distance / soft, 0.0, 1.0);
      if (amount <= 0) return;
      mix(out_.image, pixel, {0.02f, 0.02f, 0.05f}, amount);
      mix(out_.background, pixel, {0.02f, 0.02f, 0.05f}, amount);
    });
  }

  Colour hat_paint(const Object& object) const {
    if (object.hat_colour >= 0) return named_colour(object.hat_colour);
    return scene_.ground.dark ? kHatLight : kHatDark;
  }

  void paint_object(int number, const DistanceField& field) {
    const Object& object = scene_.objects[static_cast<size_t>(number)];
    const bool main = static_cast<size_t>(number) == scene_.main;
    const double scale = object.radius * static_cast<double>(size_), line = line_width();
    Rendering::Box box{1e9, 1e9, -1e9, -1e9};
    over(field, [&](int64_t x, int64_t y, size_t pixel) {
      const size_t here = field.at(x, y);
      const double distance = field.silhouette[here], amount = coverage(distance);
      const double ink = coverage(std::abs(distance) - line / 2);
      float& edge = out_.edges[pixel];
      edge = blend(edge, 1, amount);
      edge = std::min(edge, 1 - 2 * static_cast<float>(ink));
      if (amount <= 0) return;

      const bool hat = field.hat[here] <= distance;
      const auto normal = normal_at(
          field, x, y, std::max(kBevel * scale * (hat || object.fill == Fill::outline ? 0.4 : 1.0), 1.0));
      const Colour paint =
          hat ? hat_paint(object) : paint_of(object, field.local[here], 1 / scale);
      const Colour colour = lit(paint, normal);
      mix(out_.image, pixel, colour, amount);
      if (main) {
        for (size_t c = 0; c < 3; ++c) out_.foreground[4 * pixel + c] = 2 * colour[c] - 1;
        out_.foreground[4 * pixel + 3] = static_cast<float>(amount);
      } else {
        mix(out_.background, pixel, colour, amount);
        out_.foreground[4 * pixel + 3] *= static_cast<float>(1 - amount);
      }
      if (amount < 0.5) return;
      out_.owner[pixel] = number;
      for (size_t c = 0; c < 3; ++c) out_.normals[3 * pixel + c] = static_cast<float>(normal[c]);
      box.left = std::min(box.left, static_cast<double>(x)),
      box.right = std::max(box.right, static_cast<double>(x + 1));
      box.top = std::min(box.top, static_cast<double>(y)),
      box.bottom = std::max(box.bottom, static_cast<double>(y + 1));
    });
    out_.boxes.push_back(box.right < 0 ? Rendering::Box{} : box);
  }

  void paint_frame() {
    const double width = std::max(kFrameWidth * static_cast<double>(size_), 1.0), line = line_width();
    for (int64_t y = 0; y < size_; ++y) {
      for (int64_t x = 0; x < size_; ++x) {
        const size_t pixel = static_cast<size_t>(y * size_ + x);
        const double margin = static_cast<double>(std::min({x, y, size_ - 1 - x, size_ - 1 - y})) + 0.5;
        const double distance = margin - width, amount = coverage(distance);
        // Two slopes with a ridge between, lit from the upper left.
        const bool upper = std::min(x, y) < std::min(size_ - 1 - x, size_ - 1 - y),
                   outer = margin < width / 2;
        Colour colour = blend(scene_.frame_paint, upper == outer ? Colour{1, 1, 1} : Colour{0, 0, 0}, 0.18);
        mix(out_.image, pixel, colour, amount);
        mix(out_.background, pixel, colour, amount);
        out_.foreground[4 * pixel + 3] *= static_cast<float>(1 - amount);
        const double ink = coverage(std::abs(distance) - line / 2);
        out_.edges[pixel] = std::min(blend(out_.edges[pixel], 1, amount), 1 - 2 * static_cast<float>(ink));
        if (amount < 0.5) continue;
        out_.owner[pixel] = kFrameOwner;
        out_.normals[3 * pixel] = out_.normals[3 * pixel + 1] = 0, out_.normals[3 * pixel + 2] = 1;
      }
    }
  }

  double line_width() const { return std::max(1.0, static_cast<double>(size_) / 56); }

  const Scene& scene_;
  int64_t size_;
  Rendering out_;
};

}  // namespace

Rendering render(const Scene& scene, int64_t size) { return Painter(scene, size).paint(); }

Scene advanced(const Scene& scene, double frames) {
  Scene later = scene;
  const auto move = [frames](Point& point, Point velocity) {
    point.x += frames * velocity.x, point.y += frames * velocity.y;
  };
  move(later.ground.offset, later.ground.velocity);
  for (Object& object : later.objects) {
    move(object.centre, object.velocity);
    object.angle += frames * object.spin;
  }
  return later;
}

std::vector<float> flow_between(const Scene& now, const Scene& next, const Rendering& rendering) {
  const double pixels = static_cast<double>(rendering.size);
  std::vector<float> flow(rendering.owner.size() * 2);
  for (size_t i = 0; i < rendering.owner.size(); ++i) {
    const Point from{(static_cast<double>(i % static_cast<size_t>(rendering.size)) + 0.5) / pixels,
                     (static_cast<double>(i / static_cast<size_t>(rendering.size)) + 0.5) / pixels};
    Point to = from;
    const int owner = rendering.owner[i];
    if (owner >= 0) {
      const size_t number = static_cast<size_t>(owner);
      to = from_local(next.objects[number], to_local(now.objects[number], from));
    } else if (owner == kGroundOwner) {
      to = {from.x + next.ground.offset.x - now.ground.offset.x,
            from.y + next.ground.offset.y - now.ground.offset.y};
    }
    flow[2 * i] = static_cast<float>((to.x - from.x) * pixels);
    flow[2 * i + 1] = static_cast<float>((to.y - from.y) * pixels);
  }
  return flow;
}

std::vector<bool> visible_keypoints(const Scene& scene, const Rendering& rendering) {
  std::vector<bool> visible;
  for (const Point& point : keypoints_of(scene.objects[scene.main])) {
    const double pixels = static_cast<double>(rendering.size);
    const int64_t x = static_cast<int64_t>(std::floor(point.x * pixels));
    const int64_t y = static_cast<int64_t>(std::floor(point.y * pixels));
    if (x < 0 || y < 0 || x >= rendering.size || y >= rendering.size) {
      visible.push_back(false);
      continue;
    }
    // An outline point may round to the pixel beside its object: only what lies in front hides it.
    const int owner = rendering.owner[static_cast<size_t>(y * rendering.size + x)];
    visible.push_back(owner != kFrameOwner && owner <= static_cast<int>(scene.main));
  }
  return visible;
}

}  // namespace ganymede::data

#include "gan/data/solid_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace ganymede::data {
namespace {

constexpr double kFloor = 1;        // y of the floor
constexpr double kFocal = 1.3;      // of the eye, in halves of the picture's side: 75 degrees from edge to edge
constexpr double kNever = std::numeric_limits<double>::infinity();

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector along(const Vector& direction, double t) { return {direction[0] * t, direction[1] * t, direction[2] * t}; }

// Round the vertical axis, and round the horizontal one.
Vector turned(const Vector& v, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c * v[0] + s * v[2], v[1], c * v[2] - s * v[0]};
}
Vector tilted(const Vector& v, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {v[0], c * v[1] - s * v[2], s * v[1] + c * v[2]};
}

// What a ray from the eye meets first: how far, the normal there, and the place on the surface, in lengths along it.
struct Hit {
  double t = kNever;
  Vector normal{};
  double across = 0, down = 0;
  const Surface* surface = nullptr;
};

void meet(const Wall& wall, const Vector& ray, Hit& hit) {
  const double facing = dot(wall.normal, ray);
  if (facing >= 0) return;
  const double t = -wall.distance / facing;
  if (t >= hit.t) return;
  const Vector p = along(ray, t);
  const bool floor = wall.normal[1] != 0;
  hit = {t, wall.normal, floor ? p[0] : wall.normal[2] * p[0] - wall.normal[0] * p[2], floor ? p[2] : p[1], &wall.surface};
}

void meet_sphere(const Solid& s, const Vector& ray, Hit& hit) {
  const double a = dot(ray, ray), b = dot(ray, s.centre), r = s.half[0], c = dot(s.centre, s.centre) - r * r, root = b * b - a * c;
  if (root <= 0) return;
  const double t = (b - std::sqrt(root)) / a;
  if (t <= 0 || t >= hit.t) return;
  Vector n;
  for (size_t i = 0; i < 3; ++i) n[i] = (ray[i] * t - s.centre[i]) / r;
  hit = {t, n, r * std::atan2(n[0], n[2]), r * std::asin(std::clamp(n[1], -1.0, 1.0)), &s.surface};
}

void meet_box(const Solid& s, const Vector& ray, Hit& hit) {
  const Vector from = turned({-s.centre[0], -s.centre[1], -s.centre[2]}, -s.turn), towards = turned(ray, -s.turn);
  double enter = 0, leave = kNever;
  size_t axis = 0;
  for (size_t i = 0; i < 3; ++i) {
    if (towards[i] == 0) {
      if (std::abs(from[i]) > s.half[i]) return;
      continue;
    }
    const double near = (-from[i] - std::copysign(s.half[i], towards[i])) / towards[i], far = (-from[i] + std::copysign(s.half[i], towards[i])) / towards[i];
    if (near > enter) enter = near, axis = i;
    leave = std::min(leave, far);
  }
  if (enter <= 0 || enter >= leave || enter >= hit.t) return;
  Vector n{}, p;
  n[axis] = towards[axis] > 0 ? -1 : 1;
  for (size_t i = 0; i < 3; ++i) p[i] = from[i] + towards[i] * enter;
  hit = {enter, turned(n, s.turn), axis == 0 ? p[2] : p[0], axis == 1 ? p[2] : p[1], &s.surface};
}

const Colour& paint_at(const Hit& hit) {
  const Surface& s = *hit.surface;
  if (s.texture == Texture::plain) return s.first;
  const double c = std::cos(s.angle), d = std::sin(s.angle);
  const auto odd = [&](double x) { return std::fmod(std::floor(2 * x / s.period), 2) != 0; };
  const bool other = odd(c * hit.across + d * hit.down) != (s.texture == Texture::checked && odd(c * hit.down - d * hit.across));
  return other ? s.second : s.first;
}

Hit seen(const Room& room, double x, double y) {
  const Vector ray = tilted({x, y, -kFocal}, room.pitch);
  Hit hit;
  for (const Wall& wall : room.walls) meet(wall, ray, hit);
  for (const Solid& solid : room.solids) (solid.sphere ? meet_sphere : meet_box)(solid, ray, hit);
  return hit;
}

Surface draw_surface(Random& random) {
  Surface s;
  const double kind = random.uniform();
  s.texture = kind < 0.6 ? Texture::plain : kind < 0.8 ? Texture::striped : Texture::checked;
  for (size_t c = 0; c < 3; ++c) s.first[c] = static_cast<float>(random.uniform(0.15, 1));
  const double change = random.uniform(0.5, 0.8);  // the pattern's other colour is darker
  for (size_t c = 0; c < 3; ++c) s.second[c] = static_cast<float>(change * s.first[c]);
  s.period = random.uniform(0.3, 0.9);
  s.angle = std::numbers::pi / 2 * static_cast<double>(random.below(2));
  return s;
}

}  // namespace

Room draw_room(int most_solids, Random& random) {
  Room room;
  room.walls.push_back({{0, -1, 0}, kFloor, draw_surface(random)});
  const double yaw = random.uniform(-0.5, 0.5);
  room.walls.push_back({turned({0, 0, 1}, yaw), random.uniform(3, 4.5), draw_surface(random)});
  const bool corner = random.chance(0.6);
  const double side = random.chance(0.5) ? 1 : -1, aside = random.uniform(1, 2.4);
  const Surface third = draw_surface(random);
  if (corner) room.walls.push_back({turned({0, 0, 1}, yaw + side * std::numbers::pi / 2), aside, third});
  const int64_t count = 1 + random.below(most_solids);
  for (int64_t i = 0; i < count; ++i) {
    Solid s;
    s.sphere = random.chance(0.5);
    const double radius = random.uniform(0.35, 0.7), z = -random.uniform(1.9, 3);
    for (size_t axis = 0; axis < 3; ++axis) s.half[axis] = s.sphere ? radius : random.uniform(0.25, 0.6);
    s.centre = {random.uniform(-0.5, 0.5) * -z, kFloor - s.half[1], z};
    s.turn = random.uniform(0, std::numbers::pi / 2);
    s.surface = draw_surface(random);
    room.solids.push_back(s);
  }
  const double height = random.uniform(0.4, 1.1), round = random.uniform(-1.2, 1.2);
  room.light = turned({0, -std::sin(height), std::cos(height)}, round);
  for (float& c : room.tint) c = static_cast<float>(random.uniform(0.8, 1));
  room.ambient = random.uniform(0.25, 0.45);
  room.pitch = random.uniform(0.05, 0.4);
  return room;
}

RoomRendering render(const Room& room, int64_t size, const Window& window) {
  RoomRendering out;
  out.normals.reserve(static_cast<size_t>(size * size * 3));
  out.image.reserve(static_cast<size_t>(size * size * 3));
  const double pixel = 2 * window.side / static_cast<double>(size);
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < size; ++column) {
      const auto at = [&](double dx, double dy) {
        const double x = 2 * window.left - 1 + pixel * (static_cast<double>(column) + dx), y = 2 * window.top - 1 + pixel * (static_cast<double>(row) + dy);
        return seen(room, window.mirrored ? -x : x, y);
      };
      Vector n = tilted(at(0.5, 0.5).normal, -room.pitch);
      if (window.mirrored) n[0] = -n[0];
      for (const double v : n) out.normals.push_back(static_cast<float>(v));
      Vector colour{};
      for (const double dx : {0.25, 0.75})
        for (const double dy : {0.25, 0.75}) {
          const Hit hit = at(dx, dy);
          const double shade = room.ambient + (1 - room.ambient) * std::max(0.0, dot(hit.normal, room.light));
          const Colour& paint = paint_at(hit);
          for (size_t c = 0; c < 3; ++c) colour[c] += shade * paint[c] * room.tint[c] / 4;
        }
      for (const double v : colour) out.image.push_back(static_cast<float>(2 * std::min(v, 1.0) - 1));
    }
  return out;
}

}  // namespace ganymede::data

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/random.h"
#include "gan/data/shape_geometry.h"

namespace ganymede::data {

using Colour = std::array<float, 3>;  // red, green, blue in [0, 1]

inline constexpr int kColours = 8;
const std::vector<std::string>& colour_names();  // red first, then once round the hues
Colour named_colour(int index);

enum class Fill { solid, striped, outline };
const std::vector<std::string>& fill_names();

// Lengths and places are fractions of the picture's side, so a scene can be drawn at any size.
struct Object {
  Shape shape = Shape::circle;
  int colour = 0;  // index of its name
  Colour paint{};  // what it is painted with: the named colour, slightly off
  Fill fill = Fill::solid;
  Point centre;
  double radius = 0.2;
  double angle = 0;  // radians, clockwise
  bool large = false, hat = false;
  int hat_colour = -1;  // index of its name; -1: light on dark grounds, dark on light ones
  Point velocity;   // a frame
  double spin = 0;  // radians a frame
};

enum class Texture { plain, shaded, cloudy, striped, checked, dotted };
const std::vector<std::string>& texture_names();

struct Ground {
  Texture texture = Texture::plain;
  bool dark = false;
  Colour first{}, second{};
  double scale = 0.15, angle = 0;  // period and direction of the pattern
  uint64_t seed = 0;               // of clouds
  Point offset, velocity;          // for clips
};

struct Scene {
  Ground ground;
  std::vector<Object> objects;  // from back to front
  size_t main = 0;              // the largest one, which class, attributes and keypoints speak of
  bool frame = false;           // a border round the picture
  Colour frame_paint{};
};

// What scenes are drawn from; the defaults are the full world.
struct World {
  int least_objects = 1, most_objects = 4;
  std::vector<Shape> kinds = {Shape::circle, Shape::square, Shape::triangle, Shape::star, Shape::cross, Shape::ring, Shape::hexagon, Shape::heart};
  std::vector<int> colours = {0, 1, 2, 3, 4, 5, 6, 7};
  enum class ColourRule { any, by_class, one_of_two } colour_rule = ColourRule::any;
  double rare = 0.5;       // share of a class's second colour, of one_of_two
  std::vector<Fill> fills = {Fill::solid, Fill::striped, Fill::outline};
  std::vector<Texture> textures = {Texture::plain,   Texture::shaded,  Texture::cloudy,
                                   Texture::striped, Texture::checked, Texture::dotted};
  double filled = 0.75, large = 0.5, hat = 0.2, frame = 0.2, dark = 0.5;  // probabilities
  double tint = 0.06;      // of grounds: how far their colours lie from grey
  double correlation = 0;  // between those five, each pair; 0 to 1, only where all five are 1/2
  double spread = 1;       // of places: 0 puts a lone object into the middle
  double tilt = 1;         // of turns: 0 leaves objects upright
  bool chalk = false;      // white objects on a black ground
  bool coloured_hats = false;  // and room for one above every object, so that places do not tell of them
};

Scene draw_scene(const World& world, Random& random);
// The same scene seen in a mirror; all shapes are symmetric.
Scene mirrored(Scene scene);

// The binary attributes of the main object and its picture.
const std::vector<std::string>& scene_attribute_names();
std::vector<float> attributes_of(const Scene& scene);

inline constexpr int kKeypoints = 5;
const std::vector<std::string>& keypoint_names();
// Of the main object: its middle, and its outline above, right, below and left of it, turned with it.
std::array<Point, kKeypoints> keypoints_of(const Object& object);

// An object's local coordinates (radius 1, upright, middle at 0) of a point of the picture, and back.
Point to_local(const Object& object, Point at);
Point from_local(const Object& object, Point local);
// to_local for many points of one object.
class LocalFrame {
 public:
  explicit LocalFrame(const Object& object);
  Point to_local(Point at) const;

 private:
  Point centre_;
  double radius_, cos_, sin_;
};

}  // namespace ganymede::data

#include <algorithm>
#include <map>
#include <sstream>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/drawn_store.h"
#include "gan/data/openers.h"
#include "gan/data/shape_parts.h"
#include "gan/data/shape_text.h"
#include "gan/data/transform.h"

namespace ganymede::data {
namespace {

constexpr int64_t kMostSize = 256;
constexpr int64_t kTrainScenes = 10000, kTestScenes = 1000;

// The part of a scene that starts at (left, top), `zoom` times as large.
Scene zoomed(Scene scene, double zoom, double left, double top) {
  const auto move = [&](Point& point) { point = {(point.x - left) * zoom, (point.y - top) * zoom}; };
  for (Object& object : scene.objects) {
    move(object.centre);
    object.radius *= zoom, object.velocity.x *= zoom, object.velocity.y *= zoom;
  }
  move(scene.ground.offset);
  scene.ground.scale *= zoom, scene.ground.velocity.x *= zoom, scene.ground.velocity.y *= zoom;
  return scene;
}

// How the objects of one side of an unpaired set look.
World look_named(const std::string& name, World world) {
  if (name == "red") {
    world.colours = {0}, world.fills = {Fill::solid}, world.textures = {Texture::plain}, world.dark = 1;
  } else if (name == "blue") {
    world.colours = {5}, world.fills = {Fill::striped}, world.textures = {Texture::plain}, world.dark = 0;
  } else if (name == "outlined") {
    world.colours = {5}, world.fills = {Fill::outline}, world.textures = {Texture::plain}, world.dark = 0;
  } else if (name == "filled") {
    world.fills = {Fill::solid};
  } else if (name == "hollow") {
    world.fills = {Fill::outline};
  } else if (name == "textured") {
    world.textures = World{}.textures;
  } else if (name == "chalk") {
    world.fills = {Fill::outline}, world.textures = {Texture::plain}, world.chalk = true;
  }
  return world;
}
// Of edges no colour is seen.
bool leaves_colours_open(const std::string& look) { return look != "edges" && look_named(look, {}).colours == World{}.colours; }
const std::vector<std::string>& look_names() {
  static const std::vector<std::string> names = {"red", "blue", "outlined", "filled", "hollow", "textured", "chalk", "edges"};
  return names;
}

// One field of the set: a part of the scene that a world gives. Scenes of different streams are different
// ones; one stream in two worlds gives the same places and shapes in two looks.
struct Output {
  ScenePart part;
  size_t world;
  uint64_t stream;
};

// Attributes that no scene is to have, by name with a plus between them.
void leave_out(const std::string& text, World& world, const Arguments& arguments) {
  const std::map<std::string, double*> known = {{"dark", &world.dark}, {"filled", &world.filled}, {"frame", &world.frame}, {"hat", &world.hat}, {"large", &world.large}};
  std::istringstream words(text);
  for (std::string name; std::getline(words, name, '+');) {
    const auto found = known.find(name);
    if (found == known.end()) arguments.fail("unknown attribute '" + name + "' to do without; known are dark, filled, frame, hat, large");
    if (world.correlation > 0) arguments.fail("correlation is of all five attributes, so none can be left out");
    *found->second = 0;
  }
}

class Shapes : public Dataset {
 public:
  Shapes(const std::string& text, const Options& options)
      : options_(options), size_(options.size ? options.size : kNaturalSize), drawn_(options.cache_bytes) {
    if (size_ < kLeastSize || size_ > kMostSize) {
      throw UsageError("shapes are drawn at " + std::to_string(kLeastSize) + " to " +
                       std::to_string(kMostSize) + " px, not at " + std::to_string(size_));
    }
    Arguments arguments("shapes:" + text, text);
    if (arguments.words().size() > 1)
      arguments.fail("one task at most, not '" + joined(arguments.words()) + "'");
    task_ = arguments.words().empty() ? "scene" : arguments.words()[0];
    const bool train = options.split == Split::train;
    count_ = arguments.integer("count", train ? kTrainScenes : kTestScenes, 1, int64_t{1} << 40);
    World world = world_of(arguments);
    part_options_ = {size_, options.channels ? options.channels : 3, world.most_objects};
    const std::map<std::string, LabelOf> labels = {{"shape", LabelOf::shape}, {"colour", LabelOf::colour}, {"both", LabelOf::both}, {"hat", LabelOf::hat}};
    const bool faces = task_ == "faces";
    std::vector<std::string> more;
    std::istringstream extra(arguments.text("with", ""));
    for (std::string name; std::getline(extra, name, '+');) more.push_back(name);
    part_options_.label = faces ? LabelOf::hat : LabelOf::shape;
    if (has_labels(arguments, more))
      part_options_.label = labels.at(arguments.choice("label", faces ? "hat" : "shape", faces ? std::vector<std::string>{"hat", "shape", "colour", "both"} : std::vector<std::string>{"shape", "colour", "both"}));
    choose(arguments, world);
    for (const std::string& name : more)
      if (name != "semantic" || palette_.empty()) add(name, 0, 0, name);  // label maps come with it
    arguments.finish();
    for (const Output& output : outputs_) fields_.push_back(output.part.field);
    class_names_ = label_names(part_options_.label);
    attribute_names_ = scene_attribute_names();
    vocabulary_ = caption_vocabulary();
  }

  int64_t size() const override { return count_; }

  std::string describe() const override {
    std::string names;
    for (const Field& field : fields_) names += (names.empty() ? "" : ", ") + field.name;
    return "shapes (" + task_ + "): " + std::to_string(count_) + " scenes of " + std::to_string(size_) + "x" +
           std::to_string(size_) + " px (" + names + "), seed " + std::to_string(options_.seed) +
           (options_.flip ? ", flipped at random" : "") +
           (options_.load_size ? ", cut at random from " + std::to_string(options_.load_size) : "");
  }

  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const bool flip = options_.flip && random.chance(0.5);
    const double left = random.uniform(), top = random.uniform();
    const Random rest = random;
    std::vector<bool> done(outputs_.size());
    for (size_t first = 0; first < outputs_.size(); ++first) {
      if (done[first]) continue;
      const Output& chosen = outputs_[first];
      std::vector<size_t> group;  // what is told about the same scene
      for (size_t i = first; i < outputs_.size(); ++i)
        if (outputs_[i].world == chosen.world && outputs_[i].stream == chosen.stream) group.push_back(i), done[i] = true;
      const Scene scene = scene_of(index, chosen, flip, left, top);
      const int64_t key = (index * static_cast<int64_t>(outputs_.size()) + static_cast<int64_t>(first)) * 2 + flip;
      const auto drawn = options_.load_size ? nullptr : drawn_.find(key);
      const auto needs_drawing = [&](size_t i) {
        return outputs_[i].part.made_of == MadeOf::drawing_and_chance || (outputs_[i].part.made_of == MadeOf::drawing && !drawn);
      };
      const bool draws = std::any_of(group.begin(), group.end(), needs_drawing);
      const Rendering rendering = draws ? render(scene, size_) : Rendering{};
      size_t real = 0, integer = 0;  // what was copied so far
      for (size_t i : group) {
        if (drawn && outputs_[i].part.made_of == MadeOf::drawing) {
          copy(*drawn, real, integer, out, i, row);
          continue;
        }
        Random words = rest;
        outputs_[i].part.write({scene, rendering, words}, out, i, row);
      }
      if (draws && !drawn && !options_.load_size) keep(key, group, out, row);
    }
  }

  int64_t label(int64_t index) const override {
    const auto told = std::find_if(outputs_.begin(), outputs_.end(), [](const Output& o) { return o.part.field.name == "label"; });
    if (told == outputs_.end()) return Dataset::label(index);
    const Scene scene = scene_of(index, *told, false, 0, 0);
    const Rendering none{};
    Random words(0);
    HostBatch one(fields_, 1);
    const size_t field = static_cast<size_t>(told - outputs_.begin());
    told->part.write({scene, none, words}, one, field, 0);
    return one.integer("label")[0];
  }
  std::vector<float> attributes(int64_t index) const override { return attributes_of(scene_of(index, outputs_.at(0), false, 0, 0)); }

 private:
  Scene scene_of(int64_t index, const Output& output, bool flip, double left, double top) const {
    const uint64_t key = static_cast<uint64_t>(index) * 2 + output.stream;
    Random draws(options_.seed, options_.split == Split::train ? key : kTestKey + key, 0);
    Scene scene = draw_scene(worlds_[output.world], draws);
    if (options_.load_size) {
      const double zoom = static_cast<double>(options_.load_size) / static_cast<double>(size_);
      scene = zoomed(scene, zoom, left * (1 - 1 / zoom), top * (1 - 1 / zoom));
    }
    return flip ? mirrored(scene) : scene;
  }

  // The drawn parts of a group lie one after the other, reals and integers apart.
  void keep(int64_t key, const std::vector<size_t>& group, HostBatch& out, int64_t row) const {
    DrawnStore::Drawn drawn;
    for (size_t i : group) {
      if (outputs_[i].part.made_of != MadeOf::drawing) continue;
      if (fields_[i].kind == Kind::real) {
        const auto from = out.real(i, row);
        drawn.real.insert(drawn.real.end(), from.begin(), from.end());
      } else {
        const auto from = out.integer(i, row);
        drawn.integer.insert(drawn.integer.end(), from.begin(), from.end());
      }
    }
    drawn_.keep(key, drawn);
  }
  void copy(const DrawnStore::Drawn& drawn, size_t& real, size_t& integer, HostBatch& out, size_t field, int64_t row) const {
    if (fields_[field].kind == Kind::real) {
      const auto to = out.real(field, row);
      std::copy_n(drawn.real.begin() + static_cast<std::ptrdiff_t>(real), to.size(), to.begin());
      real += to.size();
    } else {
      const auto to = out.integer(field, row);
      std::copy_n(drawn.integer.begin() + static_cast<std::ptrdiff_t>(integer), to.size(), to.begin());
      integer += to.size();
    }
  }

  void add(const std::string& part, size_t world, uint64_t stream, const std::string& name) {
    outputs_.push_back({scene_part(part, part_options_), world, stream});
    outputs_.back().part.field.name = name;
  }

  static std::string side_a(Arguments& arguments) { return arguments.choice("a", "red", look_names()); }
  static std::string side_b(Arguments& arguments) { return arguments.choice("b", "blue", look_names()); }

  // more: fields beside the task's own.
  bool has_labels(Arguments& arguments, const std::vector<std::string>& more) const {
    if (std::find(more.begin(), more.end(), "label") != more.end()) return true;
    return task_ == "unpaired" ? arguments.integer("labels", 0, 0, 1) == 1 : task_ != "clips" && task_ != "sr";
  }

  // Reads what a task leaves open, so that nothing else is taken in silence.
  World world_of(Arguments& arguments) const {
    World world;
    const bool faces = task_ == "faces", one = task_ == "single" || task_ == "attributes" || faces || task_ == "unpaired";
    world.most_objects = one ? 1 : 4;
    if (!faces) {
      world.most_objects = static_cast<int>(arguments.integer("objects", world.most_objects, 1, 8));
      world.kinds = kinds_named(arguments.text("kinds", ""), arguments);
    }
    if (task_ != "unpaired" || leaves_colours_open(side_a(arguments)) || leaves_colours_open(side_b(arguments))) {
      const std::string colours = arguments.choice("colours", "any", {"any", "class", "two", "mostly"});
      world.colour_rule = colours == "any"     ? World::ColourRule::any
                          : colours == "class" ? World::ColourRule::by_class
                                               : World::ColourRule::one_of_two;
      if (colours == "mostly") world.rare = 0.25;
    }
    if (task_ == "single") world.large = 1, world.spread = 0.3, world.fills = {Fill::solid};
    if (task_ == "single" || task_ == "unpaired") {
      world.textures = {Texture::plain};
      world.hat = world.frame = 0;
    }
    if (!faces && arguments.integer("central", 0, 0, 1)) world.large = 1, world.spread = 0;
    if (arguments.integer("plain", 0, 0, 1)) {  // large, solid, on a light grey ground: outlines tell all but the colours
      world.textures = {Texture::plain}, world.fills = {Fill::solid};
      world.hat = world.frame = world.dark = world.tint = 0, world.large = 1;
      if (!faces && task_ != "attributes") world.large = arguments.number("large", 1, 0, 1);
    }
    if (task_ == "attributes") {
      world.colours = {0, 3, 5};  // red, green, blue
      world.fills = {Fill::solid, Fill::outline};
      world.textures = {Texture::plain, Texture::shaded};
      world.filled = world.large = world.hat = world.frame = world.dark = 0.5;
      world.correlation = arguments.number("correlation", 0, 0, 1);
      leave_out(arguments.text("without", ""), world, arguments);
    }
    if (faces) {  // discs in the middle, half of them in a hat of any colour
      world.kinds = {Shape::circle}, world.fills = {Fill::solid}, world.textures = {Texture::plain};
      world.large = 1, world.hat = 0.5, world.frame = 0, world.spread = 0, world.coloured_hats = true;
    }
    return world;
  }

  // The fields of a task.
  void choose(Arguments& arguments, const World& world) {
    worlds_ = {world};
    if (task_ == "scene" || task_ == "single" || task_ == "attributes") {
      for (const char* name : {"image", "label", "attributes", "count", "caption", "tokens", "length",
                               "characters", "boxes", "keypoints", "edges"}) {
        add(name, 0, 0, name);
      }
    } else if (task_ == "faces") {
      for (const char* name : {"image", "label", "attributes", "hat"}) add(name, 0, 0, name);
    } else if (task_ == "pairs") {
      std::vector<std::string> inputs = {"edges", "labels", "normals"};
      inputs.insert(inputs.end(), transform_names().begin(), transform_names().end());
      const std::string from = arguments.choice("from", "edges", inputs);
      add(from, 0, 0, "a");
      add("image", 0, 0, "b");
      add("label", 0, 0, "label");
      if (from == "labels") add("semantic", 0, 0, "semantic"), palette_ = scene_palette();
    } else if (task_ == "unpaired") {
      const std::string a = side_a(arguments), b = side_b(arguments);
      worlds_ = {look_named(a, world), look_named(b, world)};
      const std::string part_a = a == "edges" ? a : "image", part_b = b == "edges" ? b : "image";
      add(part_a, 0, 0, "a");
      add(part_b, 1, 1, "b");
      if (arguments.integer("truth", 0, 0, 1)) {  // what the other side makes of the very same scene
        add(part_b, 1, 0, "a_in_b");
        add(part_a, 0, 1, "b_in_a");
      }
      if (arguments.integer("labels", 0, 0, 1)) add("label", 0, 0, "label"), add("label", 1, 1, "label_b");
    } else if (task_ == "clips") {
      part_options_.frames = arguments.integer("frames", 8, 2, 64);
      add("clip", 0, 0, "clip");
      add("flow", 0, 0, "flow");
    } else if (task_ == "sr") {
      part_options_.scale = arguments.integer("scale", 4, 2, 16);
      part_options_.degradation =
          degradation_named(arguments.choice("degradation", "bicubic", degradation_names()));
      part_options_.size = size_ = options_.size_by(part_options_.scale, size_);
      if (size_ % part_options_.scale != 0) {
        arguments.fail("size " + std::to_string(size_) + " is no multiple of the scale " +
                       std::to_string(part_options_.scale));
      }
      add("image", 0, 0, "high");
      add("low", 0, 0, "low");
    } else {
      arguments.fail("unknown task '" + task_ +
                     "'; known are scene, single, attributes, faces, pairs, unpaired, products, clips, sr");
    }
  }

  Options options_;
  int64_t size_, count_ = 0;
  std::string task_;
  PartOptions part_options_;
  std::vector<World> worlds_;
  std::vector<Output> outputs_;
  mutable DrawnStore drawn_;  // by sample, group of outputs and flip; nothing where scenes are cut at random
};

}  // namespace

std::unique_ptr<Dataset> open_shapes(const std::string& argument, const Options& options) {
  Arguments arguments("shapes:" + argument, argument);
  if (arguments.words() == std::vector<std::string>{"products"}) return open_shape_products(arguments, options);
  return std::make_unique<Shapes>(argument, options);
}

}  // namespace ganymede::data

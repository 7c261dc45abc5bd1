#include <algorithm>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/drawn_store.h"
#include "gan/data/openers.h"
#include "gan/data/shape_parts.h"
#include "gan/data/triples.h"

namespace ganymede::data {
namespace {

constexpr int64_t kTrainProducts = 500, kTestProducts = 200;

// A product is a shape with its paint and fill: upright in the middle of white is the target; about, turned (by spread and tilt), on a patterned ground among small other shapes are its sources.
class ShapeProducts : public Dataset {
 public:
  ShapeProducts(Arguments& arguments, const Options& options) : options_(options), size_(options.size ? options.size : 64), drawn_(options.cache_bytes) {
    if (options.load_size) arguments.fail("products are not cut at random; leave load= away");
    count_ = arguments.integer("count", options.split == Split::train ? kTrainProducts : kTestProducts, 2, int64_t{1} << 30);
    sources_ = arguments.integer("sources", 5, 1, 1000);
    world_.most_objects = static_cast<int>(arguments.integer("objects", 3, 1, 8));
    world_.kinds = kinds_named(arguments.text("kinds", ""), arguments);
    world_.spread = arguments.number("spread", 1, 0, 1), world_.tilt = arguments.number("tilt", 1, 0, 1);
    if (world_.spread < 1 && world_.most_objects > 1) arguments.fail("spread= is of a product alone; it takes objects=1");
    arguments.finish();
    std::erase(world_.textures, Texture::plain);
    world_.large = 1, world_.hat = world_.frame = 0, world_.tint = 0.1;
    triples_ = std::make_unique<Triples>(std::vector<int64_t>(static_cast<size_t>(count_), sources_), options.split);
    part_options_ = {.size = size_, .channels = options.channels ? options.channels : 3, .label = LabelOf::both};
    image_ = scene_part("image", part_options_), label_ = scene_part("label", part_options_);
    fields_ = triple_fields(image_.field.shape, image_.field.shape);
    fields_.push_back({"label", {}, Kind::integer}), fields_.push_back({"label_b", {}, Kind::integer});
    class_names_ = label_names(LabelOf::both);
  }

  int64_t size() const override { return triples_->size(); }
  std::string describe() const override {
    return "shapes (products): " + std::to_string(count_) + " products with " + counted(sources_, "source") + " each, " + std::to_string(size_) + "x" + std::to_string(size_) +
           " px, seed " + std::to_string(options_.seed) + (options_.flip ? ", flipped at random" : "");
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Triple t = triples_->draw(index, random);
    const bool flip = options_.flip && random.chance(0.5);
    draw(t.product, t.source, flip, random, out, 0, row), draw(t.product, -1, flip, random, out, 1, row);
    draw(t.other, t.other_source, flip, random, out, 2, row), draw(t.other, -1, flip, random, out, 3, row);
    const Scene scene = scene_of(t.product, -1);
    for (const size_t field : {4u, 5u}) label_.write({scene, {}, random}, out, field, row);
  }

 private:
  Random draws_of(int64_t product, uint64_t what) const {
    return Random(options_.seed, static_cast<uint64_t>(product) + (options_.split == Split::train ? 0 : kTestKey), what);
  }

  // source -1: the target.
  Scene scene_of(int64_t product, int64_t source) const {
    Random of_product = draws_of(product, 0);
    World alone = world_;
    alone.most_objects = 1;
    Scene scene = draw_scene(alone, of_product);
    Object thing = scene.objects[0];
    if (source < 0) {
      thing.centre = {0.5, 0.5}, thing.radius = 0.36, thing.angle = 0;
      scene.ground = Ground{};
      scene.ground.first = scene.ground.second = {1, 1, 1};
      scene.objects = {thing};
      return scene;
    }
    Random of_source = draws_of(product, static_cast<uint64_t>(source) + 1);
    scene = draw_scene(world_, of_source);
    for (size_t i = 0; i < scene.objects.size(); ++i) {
      Object& object = scene.objects[i];
      if (i != scene.main) object.radius *= 0.4;
      else object.shape = thing.shape, object.colour = thing.colour, object.paint = thing.paint, object.fill = thing.fill;
    }
    return scene;
  }

  void draw(int64_t product, int64_t source, bool flip, Random& random, HostBatch& out, size_t field, int64_t row) const {
    const std::span<float> to = out.real(field, row);
    const int64_t key = (product * (sources_ + 1) + source + 1) * 2 + flip;
    if (const auto drawn = drawn_.find(key)) {
      std::ranges::copy(drawn->real, to.begin());
      return;
    }
    Scene scene = scene_of(product, source);
    if (flip) scene = mirrored(scene);
    const Rendering rendering = render(scene, size_);
    image_.write({scene, rendering, random}, out, field, row);
    drawn_.keep(key, {{to.begin(), to.end()}, {}});
  }

  Options options_;
  int64_t size_, count_ = 0, sources_ = 0;
  World world_;
  PartOptions part_options_;
  ScenePart image_, label_;
  std::unique_ptr<Triples> triples_;
  mutable DrawnStore drawn_;
};

}  // namespace

std::unique_ptr<Dataset> open_shape_products(Arguments& arguments, const Options& options) { return std::make_unique<ShapeProducts>(arguments, options); }

}  // namespace ganymede::data

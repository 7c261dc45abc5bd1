#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gan/data/arguments.h"
#include "gan/data/dataset.h"
#include "gan/data/shape_render.h"
#include "gan/data/shape_scene.h"
#include "gan/data/transform.h"

namespace ganymede::data {

// A scene on its way into a batch.
struct SceneView {
  const Scene& scene;
  const Rendering& rendering;  // empty where all parts are made of the scene alone
  Random& random;              // for what may differ from epoch to epoch: the wording of captions, the place of a hole
};

// What a part is made of: the scene's description alone, its drawing, or its drawing and random numbers.
enum class MadeOf { scene, drawing, drawing_and_chance };

// One thing to be told about a scene: its field, and how the values come about.
struct ScenePart {
  Field field;
  MadeOf made_of = MadeOf::drawing;
  std::function<void(const SceneView& view, HostBatch& out, size_t field, int64_t row)> write;
};

// What the label names: the main object's shape, its colour, both (colour * kinds of shapes + shape), or the colour of its hat (0: it has none).
enum class LabelOf { shape, colour, both, hat };
std::vector<std::string> label_names(LabelOf what);  // "circle", "red", "red circle", "no hat" or "red hat"

struct PartOptions {
  int64_t size = 64, channels = 3;
  int64_t most_objects = 4;
  int64_t frames = 8;                              // of "clip"; "flow" has one less
  int64_t scale = 4;                               // of "low"
  Degradation degradation = Degradation::bicubic;  // of "low"
  LabelOf label = LabelOf::shape;
};

// A part by its name (the field has the same name); throws UsageError listing the names for an unknown one.
ScenePart scene_part(const std::string& name, const PartOptions& options);
const std::vector<std::string>& scene_part_names();

// What "semantic" numbers, in the colours of "labels".
Palette scene_palette();

// Shapes by name with a plus between them; "": all. Throws UsageError, by the arguments they came in, for an unknown one.
std::vector<Shape> kinds_named(const std::string& text, const Arguments& arguments);

}  // namespace ganymede::data

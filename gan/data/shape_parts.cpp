#include "gan/data/shape_parts.h"

#include <algorithm>
#include <sstream>

#include "engine/check.h"
#include "gan/data/shape_text.h"
#include "gan/data/words.h"

namespace ganymede::data {
namespace {

using Values = std::vector<float>;

// A part whose values come from one function.
ScenePart real_part(const std::string& name, std::vector<int64_t> shape, MadeOf made_of,
                    std::function<Values(const SceneView&)> values) {
  return {{name, std::move(shape), Kind::real}, made_of,
          [values = std::move(values)](const SceneView& view, HostBatch& out, size_t field, int64_t row) {
            const Values from = values(view);
            std::copy(from.begin(), from.end(), out.real(field, row).begin());
          }};
}

ScenePart integer_part(const std::string& name, std::vector<int64_t> shape, MadeOf made_of,
                       std::function<std::vector<int64_t>(const SceneView&)> values) {
  return {{name, std::move(shape), Kind::integer}, made_of,
          [values = std::move(values)](const SceneView& view, HostBatch& out, size_t field, int64_t row) {
            const std::vector<int64_t> from = values(view);
            std::copy(from.begin(), from.end(), out.integer(field, row).begin());
          }};
}

const Object& main_of(const SceneView& view) { return view.scene.objects[view.scene.main]; }

// 0 is the ground, 1 the frame, then one for each shape.
int64_t meaning_of(const SceneView& view, int owner) {
  if (owner == kGroundOwner) return 0;
  if (owner == kFrameOwner) return 1;
  return 2 + static_cast<int64_t>(view.scene.objects[static_cast<size_t>(owner)].shape);
}

Colour colour_of_meaning(int64_t meaning) {
  return meaning == 0 ? Colour{0, 0, 0} : meaning == 1 ? Colour{0.5f, 0.5f, 0.5f} : named_colour(static_cast<int>(meaning - 2) % kColours);
}

// A label map as a picture.
Values label_colours(const SceneView& view) {
  Values values;
  for (int owner : view.rendering.owner)
    for (float channel : colour_of_meaning(meaning_of(view, owner))) values.push_back(2 * channel - 1);
  return values;
}

Values box_rows(const SceneView& view, int64_t rows) {
  Values values(static_cast<size_t>(rows * 5), -1);
  int64_t row = 0;
  const auto add = [&](size_t object) {
    const Rendering::Box& box = view.rendering.boxes[object];
    if (box.empty() || row >= rows) return;
    const double from[] = {static_cast<double>(view.scene.objects[object].shape), box.left, box.top,
                           box.right, box.bottom};
    std::copy(std::begin(from), std::end(from), values.begin() + 5 * row++);
  };
  add(view.scene.main);
  for (size_t i = 0; i < view.scene.objects.size(); ++i) {
    if (i != view.scene.main) add(i);
  }
  return values;
}

Values keypoint_rows(const SceneView& view) {
  const auto points = keypoints_of(main_of(view));
  const std::vector<bool> visible = visible_keypoints(view.scene, view.rendering);
  Values values;
  for (size_t i = 0; i < points.size(); ++i) {
    values.push_back(static_cast<float>(points[i].x * static_cast<double>(view.rendering.size)));
    values.push_back(static_cast<float>(points[i].y * static_cast<double>(view.rendering.size)));
    values.push_back(visible[i] ? 1 : 0);
  }
  return values;
}

// 1 where the main object's hat and its shadow are, or would be if it had one, else 0.
Values hat_place(const SceneView& view) {
  const Object& object = main_of(view);
  const int64_t size = view.rendering.size;
  const double scale = object.radius * static_cast<double>(size), shadow = std::max(0.2 * scale, 2.0);
  const LocalFrame frame(object);
  Values values;
  for (int64_t i = 0; i < size * size; ++i) {
    const Point at{(static_cast<double>(i % size) + 0.5) / static_cast<double>(size), (static_cast<double>(i / size) + 0.5) / static_cast<double>(size)};
    values.push_back(hat_distance(object.shape, frame.to_local(at)) * scale <= shadow ? 1 : 0);
  }
  return values;
}

// Caption, its words' numbers and their count are three fields of one sentence, so all draw it from here.
std::string caption_of(const SceneView& view) {
  Random words = view.random;
  return describe_scene(view.scene, words);
}

Image image_of(const SceneView& view) {
  return {view.rendering.size, view.rendering.size, 3, view.rendering.image};
}

ScenePart text_part(const std::string& name) {
  if (name == "caption") {
    return {{name, {}, Kind::text}, MadeOf::scene, [](const SceneView& view, HostBatch& out, size_t field, int64_t row) {
              out.text(field, row) = caption_of(view);
            }};
  }
  if (name == "tokens") {
    return integer_part(name, {kMostTokens}, MadeOf::scene, [](const SceneView& view) {
      std::vector<int64_t> tokens = tokens_of(caption_of(view));
      tokens.resize(kMostTokens, 0);
      return tokens;
    });
  }
  if (name == "characters") {
    return integer_part(name, {kMostCharacters}, MadeOf::scene, [](const SceneView& view) { return characters_of(caption_of(view)); });
  }
  return integer_part("length", {}, MadeOf::scene, [](const SceneView& view) {
    return std::vector<int64_t>{static_cast<int64_t>(tokens_of(caption_of(view)).size())};
  });
}

// The scene at every frame from now on, and how far each pixel moves until the next one.
Values clip_of(const SceneView& view, int64_t frames) {
  Values values = view.rendering.image;
  for (int64_t frame = 1; frame < frames; ++frame) {
    const Rendering later = render(advanced(view.scene, static_cast<double>(frame)), view.rendering.size);
    values.insert(values.end(), later.image.begin(), later.image.end());
  }
  return values;
}

Values flow_of(const SceneView& view, int64_t frames) {
  Values values;
  for (int64_t frame = 0; frame + 1 < frames; ++frame) {
    const Scene now = advanced(view.scene, static_cast<double>(frame));
    const Values flow = flow_between(now, advanced(now, 1), render(now, view.rendering.size));
    values.insert(values.end(), flow.begin(), flow.end());
  }
  return values;
}

}  // namespace

std::vector<std::string> label_names(LabelOf what) {
  if (what == LabelOf::shape) return shape_names();
  if (what == LabelOf::colour) return colour_names();
  std::vector<std::string> names;
  if (what == LabelOf::hat) {
    names.push_back("no hat");
    for (const std::string& colour : colour_names()) names.push_back(colour + " hat");
    return names;
  }
  for (const std::string& colour : colour_names())
    for (const std::string& shape : shape_names()) names.push_back(colour + " " + shape);
  return names;
}

Palette scene_palette() {
  std::vector<std::string> names{"ground", "frame"};
  names.insert(names.end(), shape_names().begin(), shape_names().end());
  std::vector<Meaning> meanings;
  for (const std::string& name : names) {
    const Colour c = colour_of_meaning(static_cast<int64_t>(meanings.size()));
    Rgb shown{};
    for (size_t i = 0; i < 3; ++i) shown[i] = to_byte(2 * c[i] - 1);
    meanings.push_back({name, shown, shown});
  }
  return Palette(std::move(meanings));
}

const std::vector<std::string>& scene_part_names() {
  static const std::vector<std::string> names = {
      "image",     "label",   "attributes", "count",  "caption",  "tokens",  "length",     "characters", "boxes",
      "keypoints", "pose",    "edges",      "labels", "semantic", "normals", "foreground", "background",
      "colourise", "inpaint", "gradients",  "blur",   "rain",     "clip",    "flow",       "low",        "hat"};
  return names;
}

ScenePart scene_part(const std::string& name, const PartOptions& options) {
  const int64_t size = options.size;
  if (name == "image") {
    return real_part(name, {size, size, options.channels}, MadeOf::drawing,
                     [channels = options.channels](const SceneView& view) {
                       return channels == 3 ? view.rendering.image : luma(image_of(view));
                     });
  }
  if (name == "label") {
    return integer_part(name, {}, MadeOf::scene, [what = options.label](const SceneView& view) {
      const int64_t shape = static_cast<int64_t>(main_of(view).shape), colour = main_of(view).colour;
      if (what == LabelOf::hat) return std::vector<int64_t>{main_of(view).hat ? main_of(view).hat_colour + 1 : 0};
      return std::vector<int64_t>{what == LabelOf::shape ? shape : what == LabelOf::colour ? colour : colour * static_cast<int64_t>(shape_names().size()) + shape};
    });
  }
  if (name == "attributes") {
    return real_part(name, {static_cast<int64_t>(scene_attribute_names().size())}, MadeOf::scene,
                     [](const SceneView& view) { return attributes_of(view.scene); });
  }
  if (name == "count") {
    return integer_part(name, {}, MadeOf::scene, [](const SceneView& view) {
      return std::vector<int64_t>{static_cast<int64_t>(view.scene.objects.size())};
    });
  }
  if (name == "hat") return real_part(name, {size, size, 1}, MadeOf::drawing, hat_place);
  if (name == "caption" || name == "tokens" || name == "length" || name == "characters") return text_part(name);
  if (name == "boxes") {
    return real_part(name, {options.most_objects, 5}, MadeOf::drawing,
                     [rows = options.most_objects](const SceneView& view) { return box_rows(view, rows); });
  }
  if (name == "keypoints") return real_part(name, {kKeypoints, 3}, MadeOf::drawing, keypoint_rows);
  if (name == "pose") {  // middle x, y and radius in fractions of the side, angle in radians
    return real_part(name, {4}, MadeOf::scene, [](const SceneView& view) {
      const Object& object = main_of(view);
      return Values{static_cast<float>(object.centre.x), static_cast<float>(object.centre.y),
                    static_cast<float>(object.radius), static_cast<float>(object.angle)};
    });
  }
  if (name == "edges") {
    return real_part(name, {size, size, 1}, MadeOf::drawing, [](const SceneView& view) { return view.rendering.edges; });
  }
  if (name == "labels") return real_part(name, {size, size, 3}, MadeOf::drawing, label_colours);
  if (name == "semantic") {
    return integer_part(name, {size, size}, MadeOf::drawing, [](const SceneView& view) {
      std::vector<int64_t> meanings;
      for (int owner : view.rendering.owner) meanings.push_back(meaning_of(view, owner));
      return meanings;
    });
  }
  if (name == "normals") {
    return real_part(name, {size, size, 3}, MadeOf::drawing, [](const SceneView& view) { return view.rendering.normals; });
  }
  if (name == "foreground") {
    return real_part(name, {size, size, 4}, MadeOf::drawing, [](const SceneView& view) { return view.rendering.foreground; });
  }
  if (name == "background") {
    return real_part(name, {size, size, 3}, MadeOf::drawing, [](const SceneView& view) { return view.rendering.background; });
  }
  if (name == "clip") {
    return real_part(name, {options.frames, size, size, 3}, MadeOf::drawing,
                     [frames = options.frames](const SceneView& view) { return clip_of(view, frames); });
  }
  if (name == "flow") {  // pixels (x, y)
    return real_part(name, {options.frames - 1, size, size, 2}, MadeOf::drawing,
                     [frames = options.frames](const SceneView& view) { return flow_of(view, frames); });
  }
  if (name == "low") {
    return real_part(name, {size / options.scale, size / options.scale, options.channels}, is_chance(options.degradation) ? MadeOf::drawing_and_chance : MadeOf::drawing,
                     [scale = options.scale, degradation = options.degradation, channels = options.channels](const SceneView& view) {
                       Image high = image_of(view);
                       if (channels == 1) high = {high.height, high.width, 1, luma(high)};
                       return degraded(high, scale, degradation, view.random).values;
                     });
  }
  const auto& transforms = transform_names();
  if (std::find(transforms.begin(), transforms.end(), name) != transforms.end()) {
    const Transform transform = transform_named(name);
    return real_part(name, {size, size, channels_after(transform, 3)}, is_chance(transform) ? MadeOf::drawing_and_chance : MadeOf::drawing, [transform](const SceneView& view) {
      return transformed(image_of(view), transform, view.random).values;
    });
  }
  throw UsageError("unknown part '" + name + "' of a scene of shapes; known are " +
                   joined(scene_part_names()));
}

std::vector<Shape> kinds_named(const std::string& text, const Arguments& arguments) {
  std::vector<Shape> kinds;
  std::istringstream words(text);
  for (std::string name; std::getline(words, name, '+');) {
    const auto& names = shape_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) arguments.fail("unknown kind '" + name + "'; known are " + joined(names));
    kinds.push_back(static_cast<Shape>(found - names.begin()));
  }
  return kinds.empty() ? World{}.kinds : kinds;
}

}  // namespace ganymede::data

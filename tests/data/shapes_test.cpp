// The world of shapes: what is drawn is what is said of it.
#include <cmath>
#include <set>

#include "engine/check.h"
#include "gan/data/shape_render.h"
#include "gan/data/shape_scene.h"
#include "gan/data/shape_text.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

constexpr int64_t kSceneSize = 64;

Scene scene_number(int index, const World& world = {}) {
  Random random(5, 1, static_cast<uint64_t>(index));
  return draw_scene(world, random);
}

bool has_word(const std::string& text, const std::string& word) {
  return (" " + text + " ").find(" " + word + " ") != std::string::npos;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double n = static_cast<double>(a.size()), sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sa += a[i], sb += b[i], saa += a[i] * a[i], sbb += b[i] * b[i], sab += a[i] * b[i];
  }
  return (sab - sa * sb / n) / std::sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

}  // namespace

TEST(ShapeGeometry, DistancesAreTrueNearTheOutline) {
  for (int kind = 0; kind < kShapes; ++kind) {
    const Shape shape = static_cast<Shape>(kind);
    if (shape != Shape::ring) {
      EXPECT_LT(signed_distance(shape, {0, 0}), -0.2) << kind;
    }
    EXPECT_GT(signed_distance(shape, {1.2, 1.2}), 0.3) << kind;
    for (double direction = 0.1; direction < 6; direction += 0.7) {
      const double r = outline_radius(shape, direction), c = std::cos(direction), s = std::sin(direction);
      EXPECT_NEAR(signed_distance(shape, {r * c, r * s}), 0, 1e-6) << kind;
      EXPECT_LT(signed_distance(shape, {0.97 * r * c, 0.97 * r * s}), 0) << kind;
      EXPECT_GT(signed_distance(shape, {1.03 * r * c, 1.03 * r * s}), 0) << kind;
    }
  }
  EXPECT_NEAR(polygon_distance({{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}, {3, 0}), 2, 1e-12);
  EXPECT_NEAR(polygon_distance({{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}, {0.5, 0}), -0.5, 1e-12);
}

TEST(Shapes, TheSameSeedGivesTheSameWorld) {
  const auto once = open_dataset("shapes", {.size = 32, .seed = 3});
  const auto again = open_dataset("shapes", {.size = 32, .seed = 3});
  const auto other = open_dataset("shapes", {.size = 32, .seed = 4});
  const auto test = open_dataset("shapes", {.size = 32, .seed = 3, .split = Split::test});
  std::set<std::string> samples;
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(sample_text(*once, i), sample_text(*again, i));
    samples.insert({sample_text(*once, i), sample_text(*other, i), sample_text(*test, i)});
  }
  EXPECT_EQ(samples.size(), 30u);
}

TEST(Shapes, ASceneLooksTheSameAtEverySize) {
  for (int index = 0; index < 10; ++index) {
    const Scene scene = scene_number(index);
    const Rendering large = render(scene, 128), small = render(scene, 32);
    double error = 0;
    for (size_t y = 0; y < 32; ++y) {
      for (size_t x = 0; x < 32; ++x) {
        for (size_t c = 0; c < 3; ++c) {
          double mean = 0;
          for (size_t i = 0; i < 16; ++i)
            mean += large.image[((4 * y + i / 4) * 128 + 4 * x + i % 4) * 3 + c] / 16;
          error += std::abs(mean - small.image[(y * 32 + x) * 3 + c]);
        }
      }
    }
    EXPECT_LT(error / (32 * 32 * 3), 0.04) << index;
  }
}

TEST(Shapes, BoxesHoldTheirObjects) {
  for (int index = 0; index < 60; ++index) {
    const Scene scene = scene_number(index);
    const Rendering rendering = render(scene, kSceneSize);
    ASSERT_EQ(rendering.boxes.size(), scene.objects.size());
    std::vector<Rendering::Box> seen(scene.objects.size(), {1e9, 1e9, -1, -1});
    for (size_t i = 0; i < rendering.owner.size(); ++i) {
      if (rendering.owner[i] < 0) continue;
      Rendering::Box& box = seen[static_cast<size_t>(rendering.owner[i])];
      const double x = static_cast<double>(i % kSceneSize), y = static_cast<double>(i / kSceneSize);
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1),
             std::max(box.bottom, y + 1)};
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      const Rendering::Box &box = rendering.boxes[i], &part = seen[i];
      EXPECT_LE(box.left, part.left);
      EXPECT_LE(box.top, part.top);
      EXPECT_GE(box.right, part.right);
      EXPECT_GE(box.bottom, part.bottom);
    }
    if (!scene.frame) {  // nothing hides the front one
      EXPECT_EQ(rendering.boxes.back().left, seen.back().left);
      EXPECT_EQ(rendering.boxes.back().bottom, seen.back().bottom);
    }
  }
}

TEST(Shapes, KeypointsLieOnTheMainObject) {
  int hidden = 0, visible = 0;
  for (int index = 0; index < 200; ++index) {
    const Scene scene = scene_number(index);
    const Rendering rendering = render(scene, kSceneSize);
    const auto points = keypoints_of(scene.objects[scene.main]);
    const std::vector<bool> shown = visible_keypoints(scene, rendering);
    for (size_t i = 1; i < points.size(); ++i) {
      // Around a point of the outline that is seen there is a pixel of the object.
      const int64_t x = static_cast<int64_t>(points[i].x * kSceneSize),
                    y = static_cast<int64_t>(points[i].y * kSceneSize);
      bool near = false, covered = false;
      for (int64_t yy = std::max<int64_t>(y - 2, 0); yy <= std::min<int64_t>(y + 2, kSceneSize - 1); ++yy) {
        for (int64_t xx = std::max<int64_t>(x - 2, 0); xx <= std::min<int64_t>(x + 2, kSceneSize - 1); ++xx) {
          const int owner = rendering.owner[static_cast<size_t>(yy * kSceneSize + xx)];
          near = near || owner == static_cast<int>(scene.main);
          covered = covered || owner > static_cast<int>(scene.main) || owner == kFrameOwner;
        }
      }
      if (shown[i]) {
        ++visible;
        EXPECT_TRUE(near || covered) << index << " " << i;
      }
      if (!shown[i]) {
        ++hidden;
        EXPECT_TRUE(covered) << index << " " << i;
      }
    }
  }
  EXPECT_GT(visible, 500);
  EXPECT_GT(hidden, 10);
}

TEST(Shapes, ColoursAreWhatTheyAreCalled) {
  // By proportion of the channels, which light and shade leave as they are.
  const auto distance = [](Colour a, Colour b) {
    const float most_a = *std::max_element(a.begin(), a.end()),
                most_b = *std::max_element(b.begin(), b.end());
    double sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += std::abs(a[c] / most_a - b[c] / most_b);
    return sum;
  };
  World world;
  world.fills = {Fill::solid};
  world.hat = 0;
  for (int index = 0; index < 60; ++index) {
    const Scene scene = scene_number(index, world);
    const Rendering rendering = render(scene, kSceneSize);
    std::array<int, kColours> votes{};
    for (size_t i = 0; i < rendering.owner.size(); ++i) {
      if (rendering.owner[i] != static_cast<int>(scene.main)) continue;
      Colour seen;
      for (size_t c = 0; c < 3; ++c) seen[c] = (rendering.image[3 * i + c] + 1) / 2;
      int nearest = 0;
      for (int colour = 1; colour < kColours; ++colour) {
        if (distance(seen, named_colour(colour)) < distance(seen, named_colour(nearest))) nearest = colour;
      }
      votes[static_cast<size_t>(nearest)]++;
    }
    const auto winner = std::max_element(votes.begin(), votes.end()) - votes.begin();
    EXPECT_EQ(winner, scene.objects[scene.main].colour) << index;
  }
}

// Two colours a class: either as often, or one as seldom as is asked for.
TEST(Shapes, TheSecondColourOfAClassComesAsOftenAsAskedFor) {
  for (const double rare : {0.5, 0.25}) {
    World world;
    world.most_objects = 1, world.colour_rule = World::ColourRule::one_of_two, world.rare = rare;
    int second = 0, count = 1000;
    for (int index = 0; index < count; ++index) {
      const Object object = scene_number(index, world).objects[0];
      const int own = static_cast<int>(object.shape) % kColours;
      EXPECT_TRUE(object.colour == own || object.colour == (own + kColours / 2) % kColours);
      second += object.colour != own;
    }
    EXPECT_NEAR(double(second) / count, rare, 0.05);
  }
}

TEST(Shapes, EdgesAreWhereTheSeenObjectChanges) {
  int lines = 0, changes = 0, stray = 0;
  for (int index = 0; index < 30; ++index) {
    const Scene scene = scene_number(index);
    const Rendering rendering = render(scene, kSceneSize);
    const auto owner = [&](int64_t y, int64_t x) {
      return rendering.owner[static_cast<size_t>(y * kSceneSize + x)];
    };
    for (int64_t y = 2; y < kSceneSize - 2; ++y) {
      for (int64_t x = 2; x < kSceneSize - 2; ++x) {
        bool differs = false, ink = false;
        for (int64_t dy = -2; dy <= 2; ++dy) {
          for (int64_t dx = -2; dx <= 2; ++dx) {
            differs = differs || owner(y + dy, x + dx) != owner(y, x);
            ink = ink || rendering.edges[static_cast<size_t>((y + dy) * kSceneSize + x + dx)] < 0;
          }
        }
        if (rendering.edges[static_cast<size_t>(y * kSceneSize + x)] < 0) {
          ++lines;
          stray += !differs;  // the tip of a thing thinner than a pixel
        }
        if (owner(y, x) != owner(y, x + 1)) {
          ++changes;
          EXPECT_TRUE(ink) << index;
        }
      }
    }
  }
  EXPECT_GT(lines, 3000);
  EXPECT_LT(stray, lines / 100);
  EXPECT_GT(changes, 1000);
}

TEST(Shapes, WhatIsHiddenIsNotDrawn) {
  Scene scene;
  Object back, front;
  back.centre = {0.4, 0.5}, front.centre = {0.6, 0.5};
  back.radius = front.radius = 0.2;
  scene.objects = {back, front};
  const Rendering rendering = render(scene, kSceneSize);
  const auto edge = [&](double x) {
    return rendering.edges[static_cast<size_t>(32 * kSceneSize + static_cast<int64_t>(x * kSceneSize))];
  };
  EXPECT_EQ(edge(0.6), 1);     // where the outline of the back one passes below the front one
  EXPECT_LT(edge(0.4), -0.3);  // the outline of the front one
  EXPECT_LT(edge(0.2), -0.3);
  EXPECT_EQ(rendering.owner[32 * kSceneSize + 30], 1);
}

TEST(Shapes, LayersMakeUpThePicture) {
  for (int index = 0; index < 30; ++index) {
    const Rendering r = render(scene_number(index), kSceneSize);
    int64_t wrong = 0, foreground = 0;
    for (size_t i = 0; i < r.owner.size(); ++i) {
      const float alpha = r.foreground[4 * i + 3];
      foreground += alpha > 0.5f;
      for (size_t c = 0; c < 3; ++c) {
        const float made = alpha * r.foreground[4 * i + c] + (1 - alpha) * r.background[3 * i + c];
        wrong += std::abs(made - r.image[3 * i + c]) > 1e-4f;
      }
      const double length = std::hypot(r.normals[3 * i], r.normals[3 * i + 1], r.normals[3 * i + 2]);
      EXPECT_NEAR(length, 1, 1e-5);
    }
    EXPECT_GT(foreground, 20);
    EXPECT_LT(wrong, 3 * 40);  // soft pixels where an object in front, this one and the ground meet
  }
}

TEST(Shapes, FlowCarriesOneFrameToTheNext) {
  World world;
  world.textures = {Texture::cloudy};
  for (int index = 0; index < 10; ++index) {
    const Scene now = scene_number(index, world), next = advanced(now, 1);
    const Rendering a = render(now, kSceneSize), b = render(next, kSceneSize);
    const std::vector<float> flow = flow_between(now, next, a);
    double carried = 0, still = 0;
    for (int64_t y = 0; y < kSceneSize; ++y) {
      for (int64_t x = 0; x < kSceneSize; ++x) {
        const size_t i = static_cast<size_t>(y * kSceneSize + x);
        const int64_t tx = std::lround(static_cast<double>(x) + flow[2 * i]),
                      ty = std::lround(static_cast<double>(y) + flow[2 * i + 1]);
        if (tx < 0 || ty < 0 || tx >= kSceneSize || ty >= kSceneSize || a.owner[i] < 0) continue;
        const size_t j = static_cast<size_t>(ty * kSceneSize + tx);
        carried += std::abs(a.image[3 * i] - b.image[3 * j]);
        still += std::abs(a.image[3 * i] - b.image[3 * i]);
      }
    }
    EXPECT_LT(carried, 0.8 * still) << index;
  }
}

TEST(Shapes, CaptionsAreTrue) {
  std::set<std::string> beginnings;
  int relations = 0;
  for (int index = 0; index < 300; ++index) {
    const Scene scene = scene_number(index);
    const Object& object = scene.objects[scene.main];
    Random words(9, 0, static_cast<uint64_t>(index));
    const std::string caption = describe_scene(scene, words);
    EXPECT_LE(static_cast<int64_t>(tokens_of(caption).size()), kMostTokens) << caption;
    EXPECT_TRUE(has_word(caption, shape_names()[static_cast<size_t>(object.shape)])) << caption;
    EXPECT_TRUE(has_word(caption, colour_names()[static_cast<size_t>(object.colour)])) << caption;
    EXPECT_FALSE(has_word(caption, scene.ground.dark ? "light" : "dark")) << caption;
    if (has_word(caption, "frame")) {
      EXPECT_TRUE(scene.frame) << caption;
    }
    if (scene.objects.size() == 1) {
      EXPECT_FALSE(has_word(caption, object.large ? "small" : "large")) << caption;
      if (has_word(caption, "hat")) {
        EXPECT_TRUE(object.hat) << caption;
      }
      if (has_word(caption, "hollow")) {
        EXPECT_EQ(object.fill, Fill::outline) << caption;
      }
    }
    if (scene.objects.size() == 2 && has_word(caption, "above")) {
      ++relations;
      EXPECT_LT(object.centre.y, scene.objects[1 - scene.main].centre.y) << caption;
    }
    if (scene.objects.size() == 2 && has_word(caption, "left")) {
      ++relations;
      EXPECT_LT(object.centre.x, scene.objects[1 - scene.main].centre.x) << caption;
    }
    beginnings.insert(caption.substr(0, 5));
  }
  EXPECT_GT(relations, 3);
  EXPECT_GE(beginnings.size(), 5u);
  expect_mentions(error_of([] { tokens_of("a red elephant"); }), {"elephant"});
  EXPECT_EQ(caption_vocabulary()[0], "");
}

TEST(Shapes, AttributesAreSeenAndCorrelateAsAsked) {
  for (double wanted : {0.0, 0.8}) {
    World world;
    world.filled = world.large = world.hat = world.frame = world.dark = 0.5;
    world.correlation = wanted;
    std::vector<std::vector<float>> columns(scene_attribute_names().size());
    for (int index = 0; index < 4000; ++index) {
      const std::vector<float> bits = attributes_of(scene_number(index, world));
      for (size_t i = 0; i < bits.size(); ++i) columns[i].push_back(bits[i]);
    }
    for (size_t i = 3; i < columns.size(); ++i) {
      for (size_t j = i + 1; j < columns.size(); ++j)
        EXPECT_NEAR(correlation(columns[i], columns[j]), wanted, 0.06);
    }
    EXPECT_NEAR(correlation(columns[0], columns[3]), 0, 0.06);
  }
  for (int index = 0; index < 60; ++index) {
    const Scene scene = scene_number(index);
    const std::vector<float> bits = attributes_of(scene);
    const Rendering rendering = render(scene, kSceneSize);
    EXPECT_EQ(rendering.owner[0] == kFrameOwner, bits[6] == 1);
    EXPECT_EQ(scene.objects[scene.main].radius > 0.19, bits[4] == 1);
    double sum = 0;
    for (size_t i = 0; i < rendering.owner.size(); ++i) {
      if (rendering.owner[i] == kGroundOwner) sum += rendering.image[3 * i + 1];
    }
    EXPECT_EQ(sum < 0, bits[7] == 1) << index;
  }
}

}  // namespace ganymede::data

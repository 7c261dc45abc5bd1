// Tasks draw if they say so: of two results of each input, the second is there and is another; the rest makes the same whatever is asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "gan/session.h"
#include "gan/uses/latent_tasks.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using Made = std::vector<std::pair<std::string, std::vector<std::vector<uint8_t>>>>;   // JSON, and the pixels of frames

// What some tasks must be told, by model and task.
std::map<std::string, std::string> told(const std::string& model, const std::string& task) {
  const std::map<std::string, std::string> text{{"text", "a red ring"}}, scale{{"scale", "1"}};
  const std::map<std::string, std::map<std::string, std::string>> all{
      {"gan-int-cls style", text}, {"attngan attention", text}, {"gawwn draw", text}, {"gawwn move", text}, {"gawwn stretch", text}, {"stargan-v2 style", {{"to", "filled"}}},
      {"fader-networks edit", {{"red", "1"}}}, {"genegan edit", {{"hat", "1"}}}, {"conditional-cyclegan edit", {{"red", "1"}, {"filled", "1"}, {"hat", "1"}}},
      {"singan paint", scale}, {"singan editing", scale}, {"singan harmonisation", scale}};
  const auto found = all.find(model + " " + task);
  return found == all.end() ? std::map<std::string, std::string>{} : found->second;
}

class TaskOf : public testing::TestWithParam<std::string> {};

std::vector<NamedPicture> inputs_of(const Task& task, const DataFacts& data) {
  std::vector<NamedPicture> pictures;
  for (int i = 0; i < std::max(task.least, std::min(task.most, 1)); ++i) {
    data::Picture p(data.size, data.width, 3);
    for (size_t k = 0; k < p.pixels.size(); ++k) p.pixels[k] = uint8_t((k * 37 + size_t(i) * 11) % 256);
    pictures.push_back({"p" + std::to_string(i), p});
  }
  return pictures;
}

TEST_P(TaskOf, DrawsIfItSaysSo) {
  const ContextScope scope;
  const TinyChoice tiny = tiny_choice(GetParam());
  Session session({.model = GetParam(), .data = tiny.data, .size = tiny.size, .batch = 2, .steps = 10, .device = "cpu", .threads = 1, .settings = tiny.settings}, Session::Use::train);
  for (int i = 0; i < 6; ++i) session.trainer().step();   // into the second scale of SinGAN
  for (const Task& task : tasks_of(session)) {
    const DataFacts& data = session.config().data;
    std::vector<NamedPicture> pictures = inputs_of(task, data);
    if (task.least == 0 && task.draws) pictures.clear();
    const auto made = [&](int64_t n) {
      const Config config(data, told(GetParam(), task.name));
      Made all;
      session.trainer().sampling(1, [&] {
        for (const Result& r : task.run({pictures, config, n})) {
          all.emplace_back(r.json, std::vector<std::vector<uint8_t>>{});
          for (const data::Picture& p : r.frames) all.back().second.push_back(p.pixels);
        }
      });
      return all;
    };
    const Made two = made(2), three = made(3);
    EXPECT_EQ(two != three, task.draws) << task.name;
    if (task.draws && task.name == "translate")
      for (size_t i = 0; i < three.size(); ++i)
        for (size_t j = 0; j < i; ++j) EXPECT_TRUE(three[i] != three[j]) << "results " << j << " and " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TaskOf, testing::ValuesIn(model_ids()), model_name);

}  // namespace
}  // namespace ganymede::test

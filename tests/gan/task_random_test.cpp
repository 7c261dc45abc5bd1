// What trained models do to pictures, of pictures and settings drawn at random: each task makes pictures or numbers of anything, or
// refuses it in one line of usage. GANYMEDE_RANDOM_CASES=N draws N instead of a few.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "gan/session.h"
#include "gan/uses/latent_tasks.h"
#include "tests/gan/drawn_settings.h"
#include "tests/gan/every_model.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/draw.h"

namespace ganymede::test {
namespace {

data::Picture random_picture(Draw& draw, int64_t height, int64_t width) {
  data::Picture p(height, width, draw.of({1, 3, 3, 3, 4}));
  const int kind = int(draw.between(0, 2));  // black and white in places, one colour, noise
  for (uint8_t& value : p.pixels) value = kind == 0 ? uint8_t(draw.one_in(3) ? 255 : 0) : kind == 1 ? uint8_t(130) : uint8_t(draw.between(0, 255));
  return p;
}

std::vector<NamedPicture> random_pictures(Draw& draw, const Task& task, int64_t own) {
  const auto side = [&] { return draw.one_in(3) ? own : draw.of<int64_t>({1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 28, 31, 32, 40, 48, 64, 70}); };
  const bool alike = draw.one_in(2);
  const int64_t height = side(), width = draw.one_in(2) ? height : side();
  std::vector<NamedPicture> pictures;
  for (int64_t i = draw.between(task.least, std::min(task.most, task.least + 2)); i > 0; --i)
    pictures.push_back({"p" + std::to_string(i), alike ? random_picture(draw, height, width) : random_picture(draw, side(), side())});
  return pictures;
}

class Trained {
 public:
  explicit Trained(const std::string& model) {
    const TinyChoice tiny = tiny_choice(model);
    session_ = std::make_unique<Session>(SessionOptions{.model = model, .data = tiny.data, .size = tiny.size, .batch = 2, .steps = 10, .device = "cpu", .threads = 1, .settings = tiny.settings}, Session::Use::train);
    for (int i = 0; i < 2; ++i) session_->trainer().step();
    tasks_ = tasks_of(*session_);
  }
  const std::vector<Task>& tasks() const { return tasks_; }
  const Config& config() const { return session_->config(); }
  std::vector<Result> run(const Task& task, const TaskInput& input) {
    std::vector<Result> results;
    session_->trainer().sampling(1, [&] { results = task.run(input); });
    return results;
  }

 private:
  std::unique_ptr<Session> session_;
  std::vector<Task> tasks_;
};

TEST(TasksRandom, TakePicturesOrRefuseThem) {
  const ContextScope scope;
  const auto ids = model_ids();
  std::map<std::string, Trained> trained;
  std::map<std::string, std::vector<Setting>> settings;  // by model and task, as the last call read them
  int made = 0, refused = 0;
  for (int seed = 0; seed < random_cases(60); ++seed) {
    Draw draw(2'000'000 + seed);
    const std::string& id = ids[size_t(draw.between(0, std::ssize(ids) - 1))];
    Trained& model = trained.try_emplace(id, id).first->second;
    if (model.tasks().empty()) continue;
    const Task& task = model.tasks()[size_t(draw.between(0, std::ssize(model.tasks()) - 1))];
    const auto pictures = random_pictures(draw, task, model.config().data.size);
    auto& known = settings[id + " " + task.name];
    std::map<std::string, std::string> given;
    for (int64_t i = known.empty() ? 0 : draw.between(0, 2); i > 0; --i) {
      const Setting& s = known[size_t(draw.between(0, std::ssize(known) - 1))];
      if (const std::string value = drawn_value(draw, s); !value.empty()) given[s.name] = value;
    }
    std::string said = id + " " + task.name;
    for (const NamedPicture& p : pictures) said += text(" ", p.picture.height, "x", p.picture.width, "x", p.picture.channels);
    for (const auto& [name, value] : given) said += " " + name + "=" + value;
    if (random_cases_are_asked_for()) std::cout << seed << ": " << said << std::endl;
    const Config config(model.config().data, given);
    try {
      const auto results = model.run(task, {pictures, config, draw.of<int64_t>({1, 1, 2, 3})});
      ++made;
      EXPECT_FALSE(results.empty()) << said;
      for (const Result& r : results) {
        EXPECT_TRUE(!r.frames.empty() || !r.json.empty()) << said;
        for (const data::Picture& p : r.frames) EXPECT_TRUE(p.height > 0 && p.width > 0 && int64_t(p.pixels.size()) == p.height * p.width * p.channels) << said;
      }
    } catch (const UsageError& e) {
      ++refused;
      if (random_cases_are_asked_for()) std::cout << "  " << e.what() << std::endl;
    } catch (const std::exception& e) {
      ADD_FAILURE() << "case " << seed << ": " << said << ": " << e.what();
    }
    if (!config.settings().empty()) known = config.settings();
  }
  EXPECT_LT(refused, made);
}

}  // namespace
}  // namespace ganymede::test

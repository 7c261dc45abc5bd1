// Models with settings drawn at random, many at once, and with sizes, batches and types that are drawn as well: each is refused in
// one line of usage, or trains, replays and resumes bit for bit, can be used, and is the same as ONNX; its memory is foretold.
// GANYMEDE_RANDOM_CASES=N draws N instead of a few.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "gan/checkpoint.h"
#include "gan/exported.h"
#include "gan/memory_forecast.h"
#include "gan/session.h"
#include "tests/gan/drawn_settings.h"
#include "tests/gan/every_model.h"
#include "tests/gan/exported_check.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/draw.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

std::string describe(const TinyModel& m) {
  std::string said = m.model + " --size " + std::to_string(m.size) + " --batch " + std::to_string(m.batch) + " --channels " + std::to_string(m.channels) + " --seed " +
                     std::to_string(m.seed) + (m.precision == Precision::bf16 ? " --precision bf16" : "");
  for (const auto& [name, value] : m.settings) said += " " + name + "=" + value;
  return said;
}

std::vector<Setting> settings_of(const TinyModel& m) {
  TinyModel planned = m;
  planned.device = {DeviceType::plan, 0};
  return Tiny(planned).config().settings();
}

TinyModel random_model(Draw& draw, const std::vector<std::string>& ids) {
  TinyModel m{ids[size_t(draw.between(0, std::ssize(ids) - 1))]};
  const TinyChoice tiny = tiny_choice(m.model);
  const int changes = draw.of({1, 2, 2, 3, 4, 6});
  for (int i = 0; i < changes; ++i) {
    // Read again each time: a word may bring settings of its own.
    std::vector<Setting> settings;
    try {
      settings = with_fitting_settings(m, [&](const TinyModel& fitting) { return m = fitting, settings_of(fitting); });
    } catch (const UsageError&) {
      break;  // as it is: what refuses it is tried as well
    }
    const Setting& s = settings[size_t(draw.between(0, std::ssize(settings) - 1))];
    if (const std::string value = drawn_value(draw, s); !value.empty()) m.settings[s.name] = value;
  }
  if (draw.one_in(3) && m.model != "pixelcnn")  // which takes a pass for each pixel
    m.size = draw.of<int64_t>({8, 15, 16, 17, 20, 24, 28, 32, 64});
  if (draw.one_in(3)) m.channels = 3;
  m.batch = draw.of<int64_t>({1, 2, 2, 3, 4, 5});
  m.seed = uint64_t(draw.between(1, 1000));
  if (draw.one_in(3)) m.precision = Precision::bf16;
  return m;
}

// What is wrong with it; "" if nothing is. UsageError where it is refused.
std::string trial(const TinyModel& m) {
  const std::string path = (std::filesystem::temp_directory_path() / ("random_settings_" + std::to_string(getpid()) + ".safetensors")).string();
  constexpr int kBefore = 4, kBehind = 3;
  TinyModel eager = m;
  eager.capture = false;
  Tiny whole(m), plain(eager), resumed(m);
  try {
    for (int i = 0; i < kBefore; ++i) whole->step(), plain->step(), whole->values();
    save_checkpoint(path, *whole, {{"model", m.model}});
    for (int i = 0; i < kBehind; ++i) whole->step(), plain->step(), whole->values();
    const auto state = whole.state();
    if (state != plain.state()) return "a replayed run is not what is run as it is";
    load_checkpoint(path, *resumed);
    for (int i = 0; i < kBehind; ++i) resumed->step();
    if (state != resumed.state()) return "a run that is resumed is another";
    if (m.batch > 1) uses_after_training(*whole);  // measures compare pictures
    if (m.precision == Precision::f32 && m.size <= 32)
      for (const ExportedFunction& f : exported_functions(whole->recipe()))
        if (const std::string differs = difference_of_exported(whole, f.name); !differs.empty()) return "as ONNX: " + differs;
  } catch (const Error& e) {
    const std::string said = e.what();
    if (said.find("diverged") == std::string::npos) return said;
  } catch (const std::exception& e) {
    return std::string("not an error of ours: ") + e.what();
  }
  std::filesystem::remove(path);
  return "";
}

TEST(SettingsRandom, AreRefusedOrTrain) {
  const auto ids = model_ids();
  int refused = 0, tried = 0;
  for (int seed = 0; seed < random_cases(30); ++seed) {
    Draw draw(seed);
    const TinyModel m = random_model(draw, ids);
    if (random_cases_are_asked_for()) std::cout << seed << ": " << describe(m) << std::endl;
    try {
      EXPECT_EQ(with_fitting_settings(m, trial), "") << "case " << seed << ": " << describe(m);
      ++tried;
    } catch (const UsageError& e) {
      if (random_cases_are_asked_for()) std::cout << "  " << e.what() << std::endl;
      ++refused;
    }
  }
  EXPECT_LT(refused, tried);
}

// The optimisers' moments after one update of the first weights: linear in the gradients.
std::vector<double> moments(const TinyModel& m, int64_t update) {
  Tiny t(m);
  t->step_only(size_t(update) % t->recipe().stages[0].updates.size());
  std::vector<double> all;
  for (const auto& [name, v] : t.state())
    if (name.starts_with("optimizer.") && !name.ends_with(".step")) all.insert(all.end(), v.begin(), v.end());
  return all;
}

// On the simulator (the GPU where there is one), and on the cpu, against the cpu in f64: one update alone, for the first steps of Adam
// are as long for gradients that are nothing but rounding, which the next update would make much of. Where one differs by more, numbers
// cancel (a batch norm over two values, a player at rest), and then the other differs, too: of 1,796 drawn five do, by up to 37 times as much.
TEST(SettingsRandom, DeviceAgreesWithCpu) {
  const auto ids = model_ids();
  const Device device{device_count(DeviceType::cuda) > 0 ? DeviceType::cuda : DeviceType::sim, 0};
  for (int seed = 0; seed < random_cases(40); ++seed) {
    Draw draw(4'000'000 + seed);
    TinyModel m = random_model(draw, ids);
    m.precision = Precision::f32;
    if (m.size > 28) m.size = 0;
    const int64_t update = draw.between(0, 11);
    try {
      with_fitting_settings(m, [&](const TinyModel& fitting) {
        TinyModel exact = fitting, there = fitting;
        exact.dtype = DType::f64, there.device = device;
        const auto truth = moments(exact, update);
        const double off = relative_error(moments(there, update), truth), off_on_cpu = relative_error(moments(fitting, update), truth);
        EXPECT_LE(std::max(off, off_on_cpu), std::max(0.01, 50 * std::min(off, off_on_cpu))) << "case " << seed << ": " << describe(fitting) << ", " << device.str() << " " << off << ", cpu " << off_on_cpu;
        return 0;
      });
    } catch (const UsageError&) {
    } catch (const std::exception& e) {
      ADD_FAILURE() << "case " << seed << ": " << describe(m) << ": " << e.what();
    }
  }
}

// The bytes that `explain --memory` and the beginning of a training foretell.
int64_t foretold(const TinyModel& m) {
  const TinyChoice tiny = tiny_choice(m.model);
  auto settings = tiny.settings;
  for (const std::string& name : m.without) settings.erase(name);
  for (const auto& [name, value] : m.settings) settings[name] = value;
  const ContextScope scope;
  const Session session({.model = m.model, .data = tiny.data, .size = m.size ? m.size : tiny.size, .channels = m.channels, .batch = m.batch, .device = "cpu", .precision = m.precision == Precision::bf16 ? "bf16" : "f32", .threads = 1, .settings = settings}, Session::Use::plan);
  return forecast_memory(session, m.batch).held;
}

TEST(SettingsRandom, MemoryIsForetold) {
  const auto ids = model_ids();
  for (int seed = 0; seed < random_cases(100); ++seed) {
    Draw draw(3'000'000 + seed);
    const TinyModel m = random_model(draw, ids);
    try {
      EXPECT_GT(with_fitting_settings(m, foretold), 0);
    } catch (const UsageError&) {
    } catch (const Error& e) {
      ADD_FAILURE() << "case " << seed << ": " << describe(m) << ": " << e.what();
    }
  }
}

constexpr const char* kData[] = {
    "shapes", "shapes:single", "shapes:single,label=both", "shapes:scene,kinds=circle+star", "shapes:attributes,count=60", "shapes:attributes,correlation=0.8,without=hat+frame", "shapes:faces,count=60",
    "shapes:objects=1,label=both", "shapes:pairs", "shapes:pairs,from=labels", "shapes:pairs,from=normals", "shapes:pairs,from=rain", "shapes:pairs,from=colourise", "shapes:unpaired", "shapes:unpaired,a=red,b=blue,truth=1",
    "shapes:unpaired,a=textured,b=chalk,labels=1", "shapes:unpaired,a=filled,b=hollow", "shapes:products,count=20", "shapes:clips,frames=3", "shapes:clips,frames=8", "shapes:sr,scale=2", "shapes:sr,scale=4,degradation=real",
    "shapes:sr,scale=3,degradation=gaussian", "solids:count=20", "landscapes:count=20", "holes:free,shapes", "holes:both,shapes:single", "holes:box,shapes:attributes", "sides:hat,shapes:faces,count=60", "normal:circle+star,shapes:single,count=60", "halves:shapes:single,negative",
    "halves:shapes,same", "halves:shapes:single,outlines", "mixture:ring8", "mixture:gaussian", "mixture:moons", "mixture:spiral", "mixture:unpaired", "mirror+shapes", "mirror+shapes:pairs", "load=20+shapes", "load=30+mirror+shapes:unpaired"};

TEST(SettingsRandom, AnyDataAreRefusedOrTrainedOn) {
  const auto ids = model_ids();
  int refused = 0, tried = 0;
  for (int seed = 0; seed < random_cases(40); ++seed) {
    Draw draw(1'000'000 + seed);
    const std::string model = ids[size_t(draw.between(0, std::ssize(ids) - 1))];
    const TinyChoice tiny = tiny_choice(model);
    SessionOptions o{.model = model, .data = kData[draw.between(0, std::ssize(kData) - 1)], .size = draw.one_in(3) ? draw.of<int64_t>({16, 24, 32}) : tiny.size, .channels = draw.of<int64_t>({0, 0, 1, 3}), .batch = draw.of<int64_t>({2, 4}), .steps = 10, .device = "cpu", .threads = 1, .settings = tiny.settings};
    const std::string said = model + " --data " + o.data + " --size " + std::to_string(o.size) + " --channels " + std::to_string(o.channels) + " --batch " + std::to_string(o.batch);
    if (random_cases_are_asked_for()) std::cout << seed << ": " << said << std::endl;
    const ContextScope scope;
    std::unique_ptr<Session> session;
    try {
      session = std::make_unique<Session>(o, Session::Use::train);
      ++tried;
      EXPECT_GT(forecast_memory(*session, o.batch).held, 0) << said;
      for (int i = 0; i < 4; ++i) session->trainer().step(), session->trainer().values();
      uses_after_training(session->trainer());
    } catch (const UsageError& e) {
      if (random_cases_are_asked_for()) std::cout << "  " << e.what() << std::endl;
      EXPECT_EQ(session, nullptr) << "case " << seed << ": " << said << ": refused too late: " << e.what();
      ++refused;
    } catch (const std::exception& e) {
      ADD_FAILURE() << "case " << seed << ": " << said << ": " << e.what();
    }
  }
  EXPECT_GT(tried, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace ganymede::test

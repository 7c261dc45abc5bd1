// What a session takes from its surroundings.
#include "gan/session.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cstdlib>

#include "engine/check.h"
#include "engine/context.h"

namespace ganymede {
namespace {

TEST(Session, ThreadsAreThoseThatOpenMPIsTold) {
  const char* const before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before ? before : "";
  const auto threads_of = [](const char* told, int asked) {
    if (told) setenv("OMP_NUM_THREADS", told, 1);
    else unsetenv("OMP_NUM_THREADS");
    SessionOptions o;
    o.model = "gan", o.data = "mixture:ring8", o.threads = asked;
    const Session session(o, Session::Use::plan);
    return session.options().threads;
  };
  EXPECT_EQ(threads_of("3", 0), 3);
  EXPECT_EQ(threads_of("3,2", 0), 3);
  EXPECT_EQ(threads_of("3", 5), 5);
  EXPECT_EQ(threads_of("many", 0), omp_get_num_procs());
  EXPECT_EQ(threads_of(nullptr, 0), omp_get_num_procs());
  if (before) setenv("OMP_NUM_THREADS", kept.c_str(), 1);
  context() = {};
}

TEST(Session, DataWithoutWhatAModelNeedsAreRefusedWithDataThatHaveIt) {
  const auto expect_refused = [](const char* model, const char* data, const std::string& why, const std::string& instead) {
    SessionOptions o;
    o.model = model, o.data = data;
    try {
      const Session session(o, Session::Use::plan);
      FAIL() << model << " took " << data;
    } catch (const UsageError& e) {
      const std::string said = e.what();
      EXPECT_NE(said.find(why), std::string::npos) << said;
      EXPECT_NE(said.find("try --data " + instead), std::string::npos) << said;
    }
  };
  expect_refused("srgan", "mixture:ring8", "needs data with the field low", "shapes:sr,scale=4,plain=1");
  for (const char* model : {"cyclegan", "dualgan", "distancegan"}) expect_refused(model, "mixture:unpaired", "needs pictures in the field a", "shapes:unpaired");
  expect_refused("perceptual-losses", "mixture:ring8", "needs data with the field image or high", "shapes");
  SessionOptions mapped;
  mapped.model = "discogan", mapped.data = "mixture:unpaired";
  EXPECT_EQ(Session(mapped, Session::Use::plan).config().data.dimensions, 2);
  context() = {};
}

TEST(Session, PaletteIsKeptWithTheRunAndCheckedWhenReadAgain) {
  SessionOptions o;
  o.model = "spade", o.data = "landscapes", o.size = 16;
  const Session first(o, Session::Use::plan);
  const auto run = first.describe();
  const auto& facts = *Session::facts_in(run);
  const auto again = [&](const nlohmann::ordered_json& stored) { return Session(o, Session::Use::look, &stored).config().data.palette.meanings(); };
  EXPECT_EQ(again(facts), first.config().data.palette.meanings());
  EXPECT_EQ(again(facts).at(6).name, "water");
  const auto refused = [&](const std::function<void(nlohmann::ordered_json&)>& change) -> std::string {
    auto changed = facts;
    change(changed["palette"]);
    try {
      again(changed);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(refused([](auto& p) { p[0]["shown"] = "blue"; }).find("run.json, data_facts, palette: \"blue\" is no colour"), std::string::npos);
  EXPECT_NE(refused([](auto& p) { p[0]["in_files"] = p[1]["in_files"]; }).find("colour of another meaning"), std::string::npos);
  EXPECT_NE(refused([](auto& p) { p = nlohmann::ordered_json::array(); }).find("palette: no meaning"), std::string::npos);
  EXPECT_NE(refused([](auto& p) { p = 7; }).find("run.json, data_facts"), std::string::npos);
  context() = {};
}

}  // namespace
}  // namespace ganymede

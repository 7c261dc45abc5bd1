// Small trainers for the tests that every model must pass.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/loader.h"
#include "gan/models.h"
#include "gan/trainer.h"

namespace ganymede::test {

// A model at a size that a simulator can train: 16 px shapes, batch 2, a few channels.
struct TinyModel {
  std::string model;
  std::map<std::string, std::string> settings = {};  // laid over the tiny ones
  std::set<std::string> without = {};                // of the tiny ones
  int64_t size = 0;                                  // of pictures; 0: the tiny one
  Device device = {};
  DType dtype = DType::f32;
  Precision precision = Precision::f32;
  bool capture = true;
  uint64_t seed = 1;
  int64_t channels = 1;                              // of pictures
  std::string data = {};                             // empty: the tiny ones
  int64_t batch = 2;                                 // over all processes
  const ProcessGroup* group = nullptr;               // that train it together
};
// Else GoogleTest prints its bytes, padding among them, which nobody ever wrote.
inline void PrintTo(const TinyModel& m, std::ostream* out) { *out << m.model; }

class Tiny {
 public:
  explicit Tiny(const TinyModel& tiny);
  ~Tiny();
  Trainer& operator*() { return *trainer_; }
  Trainer* operator->() { return trainer_.get(); }
  const Config& config() const { return config_; }
  // The values of a state tensor by name, in doubles.
  std::map<std::string, std::vector<double>> state() const;
 private:
  ContextScope scope_;
  std::unique_ptr<data::Dataset> dataset_;
  std::unique_ptr<data::Loader> loader_;
  Config config_;
  std::unique_ptr<Trainer> trainer_;
};

// What is said of a model that cannot be made; "" if it can.
std::string refusal(const TinyModel& m);

// Behind its first `first` iterations, `then` more leave these networks bit for bit as they are, and move others.
void expect_frozen(const TinyModel& m, int first, int then, const std::vector<std::string>& networks);

// Nine iterations, captured and replayed, leave bit for bit what they leave as they are run: for stages longer than the generated tests have.
void expect_replayed(const TinyModel& m);

// f(m) once m fits: some words bring settings of their own, so what makes the standard tiny may be unknown to them and is left out.
template <class F>
auto with_fitting_settings(TinyModel m, const F& f) {
  for (;;) {
    try {
      return f(m);
    } catch (const UsageError& e) {
      const std::string said = e.what(), prefix = "unknown setting ";
      if (!said.starts_with(prefix) || !m.without.insert(said.substr(prefix.size(), said.find(':') - prefix.size())).second) throw;
    }
  }
}

// Samples, sheets, the latent space and the model's own measures, without a look at what they say.
void uses_after_training(Trainer& t);

// What makes a model tiny, and what the generated tests must know of it.
struct TinyChoice {
  std::map<std::string, std::string> settings = {{"width", "4"}, {"latent", "5"}};
  std::string data = "shapes";
  int64_t size = 16;
  // Settings (or NAME=VALUE) that show only after more than three iterations, only in samples, or not at this size.
  std::set<std::string> late = {};
  std::set<std::string> still = {};  // parameters whose gradients cancel in the first iterations, and buffers that nothing moves
};
TinyChoice tiny_choice(const std::string& model);

}  // namespace ganymede::test

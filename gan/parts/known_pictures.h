// The training pictures of a model, through the door that a recipe has to them: what its measures train networks of their own on, and what first weights are fitted to.
#pragma once
#include "engine/tensor.h"
#include "gan/config.h"
#include "gan/data/dataset.h"

namespace ganymede {

// n of them spread evenly over the set, [n, H, W, C] in [-1, 1]; all where there are fewer. Zeros, of none that is read, on `plan`.
Tensor some_pictures(const DataFacts& facts, int64_t n);

// The first ones.
class KnownPictures : public data::Dataset {
 public:
  // Of at most `most`. Error where facts.read is not there.
  KnownPictures(const DataFacts& facts, int64_t most);
  int64_t size() const override;
  std::string describe() const override { return "training pictures"; }
  void read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const override;

 private:
  DataFacts facts_;
  int64_t most_;
};

}  // namespace ganymede

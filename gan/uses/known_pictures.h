// The first training pictures of a model, through the door that a recipe has to them: what its measures train networks of their own on.
#pragma once
#include "gan/config.h"
#include "gan/data/dataset.h"

namespace ganymede {

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

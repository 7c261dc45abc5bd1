// Associated pairs: each product has one target picture and several sources, and is seen beside another product.
#pragma once
#include <vector>

#include "gan/data/dataset.h"
#include "gan/data/random.h"

namespace ganymede::data {

// A source of a product, and one of another product.
struct Triple {
  int64_t product, source, other, other_source;
};

// In training a sample is a product: its source, the other product and that one's source are drawn, uniformly. In a test split the samples are all sources in rounds,
// the first of every product and then the second of those that have one; the other product is drawn once and for all.
class Triples {
 public:
  // The number of sources of each product, at least 1; at least two products.
  Triples(std::vector<int64_t> sources, Split split);
  int64_t size() const { return static_cast<int64_t>(samples_.size()); }
  Triple draw(int64_t index, Random& random) const;

 private:
  struct Sample {
    int64_t product, source;  // source -1: to be drawn
  };
  std::vector<int64_t> sources_;
  std::vector<Sample> samples_;
};

// The fields of such sets: "a" a source, "b" the target of its product, "a_other" and "b_other" those of another one.
std::vector<Field> triple_fields(const std::vector<int64_t>& source, const std::vector<int64_t>& target);

}  // namespace ganymede::data

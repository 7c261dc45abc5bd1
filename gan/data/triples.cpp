#include "gan/data/triples.h"

#include <algorithm>

#include "engine/check.h"

namespace ganymede::data {

Triples::Triples(std::vector<int64_t> sources, Split split) : sources_(std::move(sources)) {
  const auto products = static_cast<int64_t>(sources_.size());
  require(products >= 2 && std::ranges::min(sources_) >= 1, "associated pairs need two products, and a source of each");
  const int64_t rounds = split == Split::train ? 1 : std::ranges::max(sources_);
  for (int64_t round = 0; round < rounds; ++round)
    for (int64_t product = 0; product < products; ++product)
      if (round < sources_[static_cast<size_t>(product)]) samples_.push_back({product, split == Split::train ? -1 : round});
}

Triple Triples::draw(int64_t index, Random& random) const {
  const Sample& sample = samples_[static_cast<size_t>(index)];
  Random fixed(static_cast<uint64_t>(index));
  Random& draws = sample.source < 0 ? random : fixed;
  const auto any_source = [&](int64_t product) { return draws.below(sources_[static_cast<size_t>(product)]); };
  Triple t{.product = sample.product, .source = sample.source < 0 ? any_source(sample.product) : sample.source, .other = 0, .other_source = 0};
  t.other = draws.below(static_cast<int64_t>(sources_.size()) - 1);
  t.other += t.other >= t.product;
  t.other_source = any_source(t.other);
  return t;
}

std::vector<Field> triple_fields(const std::vector<int64_t>& source, const std::vector<int64_t>& target) {
  return {{"a", source, Kind::real}, {"b", target, Kind::real}, {"a_other", source, Kind::real}, {"b_other", target, Kind::real}};
}

}  // namespace ganymede::data

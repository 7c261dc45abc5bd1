#include "gan/parts/known_pictures.h"

#include <algorithm>

#include "engine/context.h"
#include "engine/ops/create.h"

namespace ganymede {

Tensor some_pictures(const DataFacts& facts, int64_t n) {
  n = std::min(n, facts.count);
  if (is_plan(context().device)) return zeros({n, facts.size, facts.width, facts.channels});
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < n; ++i) rows.push_back(i * facts.count / n);
  const auto read = facts.read(rows);
  const auto x = read.real("image");
  return tensor(std::vector<float>(x.begin(), x.end()), Shape{n, facts.size, facts.width, facts.channels}, context().dtype, context().device);
}

KnownPictures::KnownPictures(const DataFacts& facts, int64_t most) : facts_(facts), most_(most) {
  require(facts.read != nullptr, "the training pictures are not at hand");
  fields_ = facts.read({0}).fields();
}

int64_t KnownPictures::size() const { return std::min(facts_.count, most_); }

void KnownPictures::read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const {
  const data::HostBatch one = facts_.read({index});
  for (size_t i = 0; i < fields_.size(); ++i) {
    const std::string& name = fields_[i].name;
    if (fields_[i].kind == data::Kind::real) std::ranges::copy(one.real(name), out.real(i, row).begin());
    if (fields_[i].kind == data::Kind::integer) std::ranges::copy(one.integer(name), out.integer(i, row).begin());
    if (fields_[i].kind == data::Kind::text) out.text(i, row) = one.text(name)[0];
  }
}

}  // namespace ganymede

#include "gan/uses/known_pictures.h"

#include <algorithm>

namespace ganymede {

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

#include "gan/facts.h"

#include <algorithm>

namespace ganymede {
namespace {

// The mean over (a regular selection of) the training pictures.
std::vector<double> mean_picture(const data::Dataset& set) {
  const data::Field* image = set.field("image");
  if (!image) return {};
  constexpr int64_t kMost = 4000;
  const int64_t step = std::max<int64_t>(1, set.size() / kMost);
  data::HostBatch row(set.fields(), 1);
  std::vector<double> sum(size_t(image->count()), 0.0);
  int64_t n = 0;
  for (int64_t i = 0; i < set.size(); i += step, ++n) {
    data::Random random(0, 0);
    set.read(i, random, row, 0);
    const auto v = row.real("image");
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += v[k];
  }
  for (double& s : sum) s /= double(std::max<int64_t>(n, 1));
  return sum;
}

}  // namespace

void note_fields(DataFacts& facts, const std::vector<data::Field>& fields) {
  const auto field = [&](const char* name) -> const data::Field* {
    for (const data::Field& f : fields)
      if (f.name == name) return &f;
    return nullptr;
  };
  const auto picture_in = [&](const char* name) { return field(name) && field(name)->shape.size() == 3 ? field(name) : nullptr; };
  const data::Field* picture = picture_in("image") ? picture_in("image") : picture_in("b") ? picture_in("b") : picture_in("high");
  if (picture) facts.size = picture->shape.at(0), facts.width = picture->shape.at(1), facts.channels = facts.input_channels = picture->shape.at(2);
  if (const data::Field* a = picture_in("a")) facts.input_channels = a->shape.at(2);
  if (const data::Field* clip = field("clip"); clip && clip->shape.size() == 4)
    facts.frames = clip->shape.at(0), facts.size = clip->shape.at(1), facts.width = clip->shape.at(2), facts.channels = facts.input_channels = clip->shape.at(3);
  if (const data::Field* low = field("low"); low && field("high")) facts.scale = field("high")->shape.at(0) / low->shape.at(0);
  for (const char* name : {"point", "b"})
    if (const data::Field* p = field(name); p && p->shape.size() == 1) facts.dimensions = p->shape.at(0);
  if (const data::Field* t = field("tokens")) facts.caption_length = t->shape.at(0);
  if (const data::Field* t = field("characters")) facts.caption_characters = t->shape.at(0);
  if (const data::Field* k = field("keypoints"); k && k->shape.size() == 2) facts.keypoints = k->shape.at(0);
}

DataFacts facts_of_data(const data::Dataset& set) {
  DataFacts facts;
  note_fields(facts, set.fields());
  facts.classes = set.field("label") ? set.classes() : 0;
  facts.words = set.vocabulary();
  facts.attributes = set.attribute_names();
  facts.palette = set.palette();
  facts.count = set.size();
  facts.mean_picture = [&set] { return mean_picture(set); };
  facts.read = [&set](const std::vector<int64_t>& rows) {
    data::HostBatch host(set.fields(), int64_t(rows.size()));
    for (size_t i = 0; i < rows.size(); ++i) {
      data::Random random{uint64_t(rows[i])};
      set.read(rows[i], random, host, int64_t(i));
    }
    return host;
  };
  return facts;
}

}  // namespace ganymede

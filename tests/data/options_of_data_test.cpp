// No option of drawn data is taken in silence: each changes what is drawn, or is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/check.h"
#include "gan/data/dataset.h"

namespace ganymede::data {
namespace {

// The values of the first 24 samples, behind their number and what the fields are called; "" where the data are refused.
std::string drawn(const std::string& spec) {
  try {
    Options o;
    if (!spec.starts_with("mixture")) o.size = 32;
    const auto set = open_dataset(spec, o);
    std::string all = std::to_string(set->size());
    for (const Field& f : set->fields()) all += " " + f.name;
    const int64_t n = std::min<int64_t>(24, set->size());
    HostBatch batch(set->fields(), n);
    for (int64_t i = 0; i < n; ++i) {
      Random random{uint64_t(i)};
      set->read(i, random, batch, i);
    }
    for (const Field& f : set->fields()) {
      if (f.kind == Kind::real) for (const float x : batch.real(f.name)) all.append(reinterpret_cast<const char*>(&x), sizeof x);
      else if (f.kind == Kind::integer) for (const int64_t x : batch.integer(f.name)) all += " " + std::to_string(x);
      else for (const std::string& x : batch.text(f.name)) all += x;
    }
    return all;
  } catch (const UsageError&) {
    return "";
  }
}

struct Data {
  std::string spec;
  std::vector<std::string> options;
};

TEST(OptionsOfData, ChangeWhatIsDrawnOrAreRefused) {
  const std::vector<std::string> shapes{"objects=3", "kinds=ring", "colours=class", "colours=two", "colours=mostly", "central=1", "plain=1", "label=colour", "label=both", "with=edges", "correlation=1", "without=hat", "from=labels", "a=blue", "b=red",
                                        "truth=1", "labels=1", "frames=3", "scale=2", "degradation=area", "plain=1,large=0.5", "count=7"};
  std::vector<Data> sets;
  for (const char* task : {"shapes", "shapes:single", "shapes:attributes", "shapes:faces", "shapes:pairs", "shapes:unpaired", "shapes:unpaired,a=edges", "shapes:unpaired,a=filled,b=hollow", "shapes:clips", "shapes:sr"}) sets.push_back({task, shapes});
  sets.push_back({"shapes:products", {"sources=2", "objects=1", "kinds=ring", "spread=0", "tilt=0", "count=7"}});
  sets.push_back({"solids", {"objects=1", "count=7"}});
  sets.push_back({"landscapes", {"light=noon", "count=7"}});
  sets.push_back({"mixture:ring8", {"deviation=0.2", "count=7"}});
  sets.push_back({"mixture:unpaired", {"a=moons", "b=spiral", "count=7", "deviation=0.2"}});
  int changed = 0, refused = 0;
  for (const Data& data : sets) {
    const std::string plain = drawn(data.spec);
    ASSERT_FALSE(plain.empty()) << data.spec;
    for (const std::string& option : data.options) {
      std::string base = plain, spec = data.spec + (data.spec.find(':') == std::string::npos ? ":" : ",");
      if (const size_t comma = option.find(','); comma != std::string::npos) base = drawn(spec + option.substr(0, comma));  // an option of another
      const std::string other = drawn(spec + option);
      EXPECT_NE(other, base) << spec << option << " is as without";
      ++(other.empty() ? refused : changed);
    }
  }
  EXPECT_GT(changed, 60);
  EXPECT_GT(refused, 40);
}

}  // namespace
}  // namespace ganymede::data

#include <algorithm>
#include <sstream>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

// Pictures of some classes, which are what is normal, and in a test split all others beside them. There is no field "label"; "anomalous" is 0 or 1.
class Normal : public Dataset {
 public:
  Normal(const std::string& names, const std::string& specification, const Options& options)
      : names_(names), tests_(options.split == Split::test), whole_(open_dataset(specification, options)) {
    const auto fail = [&](const std::string& what) { throw UsageError("data 'normal:" + names + "," + specification + "': " + what); };
    if (!whole_->field("image") || !whole_->field("label")) fail(whole_->describe() + " has no classes of pictures");
    const auto& known = whole_->class_names();
    std::vector<bool> wanted(known.size());
    std::stringstream in(names);
    for (std::string name; std::getline(in, name, '+');) {
      const auto found = std::find(known.begin(), known.end(), name);
      if (found == known.end()) fail("no class '" + name + "'; known are " + joined(known));
      wanted[static_cast<size_t>(found - known.begin())] = true;
    }
    for (int64_t i = 0; i < whole_->size(); ++i) {
      const bool normal = wanted[static_cast<size_t>(whole_->label(i))];
      normal_ += normal;
      if (normal || tests_) rows_.push_back(i), anomalous_.push_back(!normal);
    }
    if (normal_ == 0) fail("no picture is normal");
    for (const Field& f : whole_->fields())
      if (f.name != "label") fields_.push_back(f);
    fields_.push_back({"anomalous", {}, Kind::integer});
    attribute_names_ = whole_->attribute_names(), vocabulary_ = whole_->vocabulary(), palette_ = whole_->palette();
  }

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  bool normal(int64_t index) const override { return !anomalous_[static_cast<size_t>(index)]; }
  std::string describe() const override {
    return "normal (" + names_ + "): " + counted(normal_, "picture") + (tests_ ? " and " + std::to_string(size() - normal_) + " anomalous" : "") + " of " + whole_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    HostBatch one(whole_->fields(), 1);
    whole_->read(rows_[static_cast<size_t>(index)], random, one, 0);
    size_t to = 0;
    for (const Field& f : one.fields())
      if (f.name != "label") out.copy(one, f, to++, row);
    out.integer(to, row)[0] = anomalous_[static_cast<size_t>(index)];
  }

 private:
  std::string names_;
  bool tests_;
  std::unique_ptr<Dataset> whole_;
  int64_t normal_ = 0;
  std::vector<int64_t> rows_;
  std::vector<bool> anomalous_;
};

}  // namespace

std::unique_ptr<Dataset> open_normal(const std::string& argument, const Options& options) {
  const size_t comma = argument.find(',');
  if (comma == std::string::npos) throw UsageError("data 'normal:" + argument + "': a comma and data are missing, as in normal:sneaker,fashion-mnist");
  return std::make_unique<Normal>(argument.substr(0, comma), argument.substr(comma + 1), options);
}

}  // namespace ganymede::data

#include <algorithm>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

// Fields "a" and "b" of one set of pictures with attributes: pictures that have one of them and pictures that have it not. Sample i is picture i on
// its own side beside one of the other side: a drawn one in a training split, one after the other in a test split. "image" is
// picture i again and "attributes" whether it has that attribute; what else is told of pictures is a field of picture i under its name, and of
// both sides' under name_a and name_b.
class Sides : public Dataset {
 public:
  Sides(const std::string& name, const std::string& specification, const Options& options)
      : name_(name), draws_(options.split == Split::train), whole_(open_dataset(specification, options)) {
    const auto fail = [&](const std::string& what) { throw UsageError("data 'sides:" + name + "," + specification + "': " + what); };
    for (const char* needed : {"image", "attributes"})
      if (!whole_->field(needed)) fail(whole_->describe() + " has no field " + needed);
    const auto& known = whole_->attribute_names();
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) fail("no attribute '" + name + "'; known are " + joined(known));
    for (int64_t i = 0; i < whole_->size(); ++i) sides_[whole_->attributes(i)[static_cast<size_t>(found - known.begin())] != 1].push_back(i);
    for (size_t side = 0; side < 2; ++side)
      if (sides_[side].empty()) fail(std::string(side ? "no picture is without " : "no picture has ") + name);
    class_names_ = whole_->class_names(), attribute_names_ = {name};
    for (const char* end : {"", "a", "b"})
      for (Field f : whole_->fields()) {
        if (f.name == "attributes") continue;
        if (*end) f.name = f.name == "image" ? end : f.name + "_" + end;
        fields_.push_back(std::move(f));
      }
    fields_.push_back({"attributes", {1}, Kind::real});
  }

  int64_t size() const override { return whole_->size(); }
  std::string describe() const override {
    return "a with " + name_ + " (" + counted(static_cast<int64_t>(sides_[0].size()), "picture") + ") and b without (" + std::to_string(sides_[1].size()) + ") of " + whole_->describe();
  }
  std::vector<float> attributes(int64_t index) const override { return {has(index) ? 1.0f : 0.0f}; }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const size_t own = has(index) ? 0 : 1;
    const std::vector<int64_t>& others = sides_[1 - own];
    const int64_t count = static_cast<int64_t>(others.size()), other = others[static_cast<size_t>(draws_ ? random.below(count) : index % count)];
    HostBatch one(whole_->fields(), 1);
    whole_->read(index, random, one, 0);
    copy(one, out, row, 0), copy(one, out, row, 1 + own);
    whole_->read(other, random, one, 0);
    copy(one, out, row, 2 - own);
    out.real(fields_.size() - 1, row)[0] = own == 0;
  }

 private:
  bool has(int64_t index) const { return std::binary_search(sides_[0].begin(), sides_[0].end(), index); }
  // All fields of a picture into a third of those of a sample.
  void copy(const HostBatch& one, HostBatch& out, int64_t row, size_t third) const {
    size_t to = third * (one.fields().size() - 1);
    for (const Field& f : one.fields())
      if (f.name != "attributes") out.copy(one, f, to++, row);
  }

  std::string name_;
  bool draws_;
  std::unique_ptr<Dataset> whole_;
  std::vector<int64_t> sides_[2];  // numbers of pictures, rising: with the attribute, without
};

}  // namespace

std::unique_ptr<Dataset> open_sides(const std::string& argument, const Options& options) {
  const size_t comma = argument.find(',');
  if (comma == std::string::npos) throw UsageError("data 'sides:" + argument + "': a comma and data are missing, as in sides:Eyeglasses,celeba:DIR");
  return std::make_unique<Sides>(argument.substr(0, comma), argument.substr(comma + 1), options);
}

}  // namespace ganymede::data

#include "gan/parts/attributes.h"

#include <algorithm>
#include <sstream>

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, at);) words.push_back(word);
  return words;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& w : words) all += (all.empty() ? "" : between) + w;
  return all;
}

// [1, count], 1 at these elements.
Tensor row(int64_t count, int64_t first, int64_t n, const Tensor& like) {
  std::vector<double> values(static_cast<size_t>(count));
  std::fill_n(values.begin() + first, n, 1.0);
  return tensor(values, {1, count}, like.dtype(), like.device());
}

// -E log softmax(logits) of what y says, y one-hot.
Tensor softmax_loss(const Tensor& logits, const Tensor& y) { return sum(log_softmax(logits) * y) * (-1.0 / double(y.dim(0))); }

}  // namespace

Attributes::Attributes(const std::string& list, const std::vector<std::string>& known) : known_(int64_t(known.size())) {
  for (const std::string& group : split(list, ',')) {
    groups_.push_back({group, count(), 0});
    for (const std::string& name : split(group, '/')) {
      const auto found = std::find(known.begin(), known.end(), name);
      if (found == known.end()) throw UsageError("setting attributes=" + list + ": the data know no '" + name + "', they know " + joined(known, ", "));
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) throw UsageError("setting attributes=" + list + ": '" + name + "' stands there twice");
      names_.push_back(name), columns_.push_back(found - known.begin()), ++groups_.back().count;
    }
    if (groups_.back().count == 0) throw UsageError("setting attributes=" + list + ": a name is missing; write them as in male,black/blond/brown");
  }
  if (groups_.empty()) throw UsageError("setting attributes: name at least one of " + joined(known, ", "));
}

std::vector<Attributes::Edit> Attributes::edits() const {
  std::vector<Edit> all;
  for (size_t g = 0; g < groups_.size(); ++g)
    for (int64_t k = 0; k < groups_[g].count; ++k) all.push_back({names_[size_t(groups_[g].first + k)], g, groups_[g].first + k});
  return all;
}

Tensor Attributes::of(const Batch& batch) const {
  const Tensor all = batch.fields.count("attributes") ? batch["attributes"] : one_hot(batch["label"], known_);
  Tensors parts;
  for (size_t i = 0; i < columns_.size();) {
    size_t end = i + 1;
    while (end < columns_.size() && columns_[end] == columns_[end - 1] + 1) ++end;
    parts.push_back(slice(all, 1, columns_[i], columns_[end - 1] + 1));
    i = end;
  }
  return parts.size() == 1 ? parts[0] : concat(parts, 1);
}

Tensor Attributes::edited(const Tensor& y, const Edit& edit) const {
  const Group& g = groups_[edit.group];
  const Tensor element = row(count(), edit.element, 1, y);
  if (!g.exclusive()) return y + element * (1.0 - 2.0 * y);
  return y * (1.0 - row(count(), g.first, g.count, y)) + element;
}

Tensor Attributes::by_group(const std::function<Tensor(const Group&)>& part) const {
  Tensors parts;
  for (const Group& g : groups_) parts.push_back(part(g));
  return parts.size() == 1 ? parts[0] : concat(parts, 1);
}

Tensor Attributes::decided(const Tensor& scores) const {
  return by_group([&](const Group& g) {
    const Tensor part = slice(scores, 1, g.first, g.first + g.count);
    return g.exclusive() ? cast(one_hot(argmax(part, 1), g.count), scores.dtype()) : greater(part, zeros_like(part));
  });
}

Tensor Attributes::loss(const Tensor& logits, const Tensor& y) const {
  require(logits.shape() == y.shape() && logits.rank() == 2 && logits.dim(1) == count(), "attributes: logits ", logits.shape(), " for ", y.shape());
  const Tensor said = logits.dtype() == DType::bf16 ? cast(logits, DType::f32) : logits;
  if (groups_.size() == 1 && groups_[0].exclusive()) return softmax_loss(said, y);
  return nn::bce_with_logits(said, y) * double(count());
}

Tensor Attributes::alike(const Tensor& a, const Tensor& b) const {
  const Tensor same = equal(a, b);
  return by_group([&](const Group& g) { return min(slice(same, 1, g.first, g.first + g.count), {1}, true); });
}

int64_t Attributes::coded_count() const {
  int64_t n = 0;
  for (const Group& g : groups_) n += g.exclusive() ? g.count : 2;
  return n;
}

Tensor Attributes::coded(const Tensor& y) const {
  return by_group([&](const Group& g) {
    const Tensor part = slice(y, 1, g.first, g.first + g.count);
    return g.exclusive() ? part : concat({1.0 - part, part}, 1);
  });
}

Tensor Attributes::by_coded_group(const Tensor& a, const Tensor& b, Tensor (*f)(const Tensor&, const Tensor&)) const {
  require(a.shape() == b.shape() && a.rank() == 2 && a.dim(1) == coded_count(), "attributes: logits ", a.shape(), " for ", b.shape());
  Tensor total;
  int64_t at = 0;
  for (const Group& g : groups_) {
    const int64_t end = at + (g.exclusive() ? g.count : 2);
    const Tensor part = f(slice(a, 1, at, end), slice(b, 1, at, end));
    total = total ? total + part : part;
    at = end;
  }
  return total;
}

Tensor Attributes::coded_loss(const Tensor& logits, const Tensor& y) const {
  return by_coded_group(logits.dtype() == DType::bf16 ? cast(logits, DType::f32) : logits, y, softmax_loss);
}

Tensor Attributes::coded_accuracy(const Tensor& logits, const Tensor& y) const {
  return by_coded_group(logits.constant(), y, [](const Tensor& said, const Tensor& truth) { return mean(equal(cast(argmax(said, 1), DType::f32), cast(argmax(truth, 1), DType::f32))); }) *
         (1.0 / double(groups_.size()));
}

Tensor Attributes::others(const Tensor& y) const {
  return by_group([&](const Group& g) {
    const Tensor part = slice(y, 1, g.first, g.first + g.count);
    if (!g.exclusive()) return 1.0 - part;
    // Turned round by 1 to count - 1 places.
    const Tensor turn = cast(one_hot(random_integers({y.dim(0)}, g.count - 1), g.count - 1), y.dtype());
    Tensor other;
    for (int64_t k = 1; k < g.count; ++k) {
      const Tensor turned = roll(part, k, 1) * slice(turn, 1, k - 1, k);
      other = other ? other + turned : turned;
    }
    return other;
  });
}

Attributes read_attributes(const Config& c, const std::vector<std::string>& preferred) {
  std::vector<std::string> known = c.data.attributes;
  const bool classes = known.empty();
  for (int64_t i = 0; classes && i < c.data.classes; ++i) known.push_back(text("class", i));
  if (known.size() < 2 && classes) throw UsageError("attributes are to be edited, and these data have neither attributes nor classes; try --data shapes:attributes");
  std::string standard = joined(known, classes ? "/" : ",");
  for (const std::string& list : preferred) try {
      Attributes(list, known);
      standard = list;
      break;
    } catch (const UsageError&) {  // names of other data
    }
  return Attributes(c.words("attributes", standard, "what is edited: names with commas between them, and slashes between those that exclude one another", {known.front(), known.back()}), known);
}

Tensor shuffled(const Tensor& x) {
  const int64_t n = x.dim(0);
  const Tensor u = uniform({n, 1});
  const Tensor rank = sum(greater(u, reshape(u, Shape{1, n})), {1});
  return gather_rows(x, cast(rank, DType::i64));
}

}  // namespace ganymede

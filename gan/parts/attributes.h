// The attributes of pictures that a model is told of and changes: a vector of 0 and 1 by name, in which some exclude one another.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gan/config.h"
#include "gan/recipe.h"

namespace ganymede {

class Attributes {
 public:
  // An attribute is one element, there or not, or several of which a picture has one ("red/green/blue").
  struct Group {
    std::string name;
    int64_t first = 0, count = 1;   // its elements
    bool exclusive() const { return count > 1; }
  };
  // A change: this element of an exclusive group instead of the one there is, or a single element turned over.
  struct Edit {
    std::string name;               // of the element
    size_t group = 0;
    int64_t element = 0;
  };

  Attributes() = default;
  // list: names with commas between them and slashes between those that exclude one another. UsageError for one that is not known.
  Attributes(const std::string& list, const std::vector<std::string>& known);

  int64_t count() const { return int64_t(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Group>& groups() const { return groups_; }
  std::vector<Edit> edits() const;

  // [N, count] of a batch: of its field "attributes", or else, one-hot, of "label".
  Tensor of(const Batch& batch) const;
  // y [n, count] after a change.
  Tensor edited(const Tensor& y, const Edit& edit) const;
  // Scores [n, count], positive for what is there, as a vector of 0 and 1; of an exclusive group the largest.
  Tensor decided(const Tensor& scores) const;
  // What the vector misses of the truth: the mean over samples of the sum over elements of the cross entropy of each (exclusive groups
  // too, as StarGAN has it), or where there is one exclusive group alone, softmax cross entropy. logits, y [n, count].
  Tensor loss(const Tensor& logits, const Tensor& y) const;
  // y with a bit as a pair, (1 - y, y), and an exclusive group as it is: [n, coded_count].
  int64_t coded_count() const;
  Tensor coded(const Tensor& y) const;
  // Softmax cross entropy of each attribute, summed over them, the mean over samples; and the share that is right. logits, coded [n, coded_count].
  Tensor coded_loss(const Tensor& logits, const Tensor& coded) const;
  Tensor coded_accuracy(const Tensor& logits, const Tensor& coded) const;
  // y [n, count] with every attribute another: bits turned over, of an exclusive group another element, drawn.
  Tensor others(const Tensor& y) const;
  // [n, groups]: 1 where a group is the same in both.
  Tensor alike(const Tensor& a, const Tensor& b) const;

 private:
  std::vector<std::string> names_;
  std::vector<int64_t> columns_;    // of the data's attributes
  std::vector<Group> groups_;
  Tensor by_group(const std::function<Tensor(const Group& group)>& part) const;   // side by side
  Tensor by_coded_group(const Tensor& a, const Tensor& b, Tensor (*f)(const Tensor& a, const Tensor& b)) const;  // f of the parts of each, added up
  int64_t known_ = 0;               // attributes of the data, or classes
};

// The setting `attributes`. Its standard is the first of the lists whose names the data know, else all attributes of the data; of data
// with classes alone (named class0, class1, ...) all of them, one exclusive group. UsageError if the data have neither.
Attributes read_attributes(const Config& c, const std::vector<std::string>& preferred);

// Rows in a random order, each with equal chance.
Tensor shuffled(const Tensor& x);

}  // namespace ganymede

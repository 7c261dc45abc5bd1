// Several kinds of pictures, of which a model makes one from another. A domain is told as a row of 0 and 1, one of them 1.
#pragma once
#include <string>
#include <vector>

#include "gan/parts/attributes.h"

namespace ganymede {

class Domains {
 public:
  // The setting `attributes`: one attribute of the data, whose pictures are with it or without, or some that exclude one another ("red/green/blue"); of data with classes
  // these. UsageError for several that do not exclude one another.
  Domains(const Config& c, const std::vector<std::string>& preferred);

  int64_t count() const { return int64_t(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }   // "filled": with it, "not-filled": without
  const Attributes& attributes() const { return attributes_; }

  Tensor of(const Batch& batch) const;             // [N, count]; a picture that has none of them is of no domain, a row of 0
  Tensor row(int64_t n, int64_t domain) const;     // [n, count], all of this domain
  // The number of the name, which the setting `setting` gave. UsageError names those that there are.
  int64_t number(const std::string& setting, const std::string& name) const;

 private:
  Attributes attributes_;
  std::vector<std::string> names_;
};

// For each sample the number (i64 [N]) of another of its domain; of one that is the only one of its domain in the batch, its own. All samples of a domain stand in a circle in random order, and the
// other is the next, so each is chosen once. domains [N, count].
Tensor companions(const Tensor& domains);
// Rows of x [N, ...] by number.
Tensor chosen_rows(const Tensor& x, const Tensor& numbers);

}  // namespace ganymede

// A classifier of attributes that has seen nothing of the model it judges: what edited pictures show.
#pragma once
#include <functional>

#include "gan/parts/attributes.h"
#include "nn/net.h"

namespace ganymede {

class AttributeClassifier {
 public:
  // Trained on at most 20000 training pictures (cross entropy of each attribute and, where the data have classes, of the class; Adam), or,
  // of data of at least 1000 pictures, read from the cache folder, where it is kept by a fingerprint of pictures and labels.
  static AttributeClassifier of(const DataFacts& facts, const Attributes& attributes);
  // The same, made when it is first asked for.
  static std::function<const AttributeClassifier&()> when_asked(const DataFacts& facts, const Attributes& attributes);

  struct Verdict {
    Tensor attributes;   // [n, count], 0 or 1, of an exclusive group one
    Tensor labels;       // i64 [n]; undefined where the data have no classes
  };
  Verdict judge(const Tensor& pictures) const;

 private:
  nn::Net net_;
  Attributes attributes_;
  int64_t classes_ = 0;
};

}  // namespace ganymede

// Label maps as networks see them: a plane a meaning.
#pragma once
#include "engine/tensor.h"
#include "gan/config.h"
#include "gan/data/palette.h"

namespace ganymede {

class LabelMaps {
 public:
  // UsageError, naming the model, where the data have none.
  LabelMaps(const Config& c, const std::string& model);
  int64_t count() const { return palette_.size(); }
  // Numbers of meanings [N, H, W] (i64) -> [N, H, W, count()], 1 in the plane of a pixel's meaning; 0 in all where the number is -1.
  Tensor planes(const Tensor& numbers) const;
  // The same of pictures [N, H, W, 3] in [-1, 1] in the colours of the data's files, or in those shown. Reads them on the host.
  Tensor read(const Tensor& pictures) const;

 private:
  data::Palette palette_;
};

}  // namespace ganymede

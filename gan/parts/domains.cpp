#include "gan/parts/domains.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

Domains::Domains(const Config& c, const std::vector<std::string>& preferred) : attributes_(read_attributes(c, preferred)) {
  if (attributes_.groups().size() > 1) {
    std::string list;
    for (const auto& g : attributes_.groups()) list += (list.empty() ? "" : ",") + g.name;
    throw UsageError("setting attributes=" + list + ": a picture is of one domain; name one attribute, or with slashes between them those that exclude one another");
  }
  names_ = attributes_.names();
  if (names_.size() == 1) names_.insert(names_.begin(), "not-" + names_[0]);
}

Tensor Domains::of(const Batch& batch) const { return attributes_.coded(attributes_.of(batch)); }

Tensor Domains::row(int64_t n, int64_t domain) const {
  std::vector<double> v(size_t(n * count()));
  for (int64_t i = 0; i < n; ++i) v[size_t(i * count() + domain)] = 1;
  return tensor(v, Shape{n, count()}, context().dtype, context().device);
}

int64_t Domains::number(const std::string& setting, const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return found - names_.begin();
  std::string list;
  for (const std::string& n : names_) list += (list.empty() ? "" : ", ") + n;
  throw UsageError("setting " + setting + (name.empty() ? "" : "=" + name) + ": it must be one of the domains " + list);
}

Tensor companions(const Tensor& domains) {
  const Tensor y = cast(domains, DType::f32).constant(), same = matmul(y, y, false, true);   // [N, N], 1 where both are of one domain
  const Tensor place = cast(uniform({y.dim(0), 1}), DType::f32);
  const Tensor ahead = reshape(place, Shape{1, y.dim(0)}) - place;                            // how far the other is ahead on the circle, in (0, 1]: oneself a whole turn
  const Tensor turned = ahead + (1.0 - greater(ahead, zeros_like(ahead)));
  return argmax(2.0 * same - turned, 1);
}

Tensor chosen_rows(const Tensor& x, const Tensor& numbers) {
  const Tensor of = gather_rows(reshape(x, Shape{x.dim(0), x.count() / x.dim(0)}), numbers);
  Shape shape = x.shape();
  shape[0] = numbers.dim(0);
  return reshape(of, shape);
}

}  // namespace ganymede

#include "tests/nn/loss_cases.h"

#include "nn/losses.h"

namespace ganymede::test {
namespace {

template <class F>
OpCase of_two(const std::string& name, F f, double low = -2, double high = 2) {
  return {name, Kind::summing, {{3, 5, 7}, {3, 5, 7}}, [f](const Tensors& in) { return Tensors{f(in[0], in[1])}; }, low, high, false, 2};
}
template <class F>
OpCase of_one(const std::string& name, const Shape& x, F f, Kind kind = Kind::summing, bool piecewise = false) {
  return {name, kind, {x}, [f](const Tensors& in) { return Tensors{f(in[0])}; }, -2, 2, piecewise};
}

std::vector<OpCase> make_loss_cases() {
  using nn::Reduction;
  std::vector<OpCase> c;
  c.push_back(of_two("mse", [](const Tensor& x, const Tensor& t) { return nn::mse(x, t); }));
  c.push_back(of_two("mse sum", [](const Tensor& x, const Tensor& t) { return nn::mse(x, t, Reduction::sum); }));
  c.push_back(of_two("l1", [](const Tensor& x, const Tensor& t) { return nn::l1(x, t); }));
  c.push_back(of_two("huber", [](const Tensor& x, const Tensor& t) { return nn::huber(x, t, 0.7); }));
  c.push_back(of_two("bce_with_logits", [](const Tensor& x, const Tensor& t) { return nn::bce_with_logits(x, t); }, 0.1, 0.9));
  for (const double target : {0.0, 0.9, 1.0})
    c.push_back(of_one("bce_with_logits to " + std::to_string(target).substr(0, 3), {8, 9}, [=](const Tensor& x) { return nn::bce_with_logits(x, target); }));
  c.push_back(of_one("cross_entropy", {4, 6}, [](const Tensor& x) { return nn::cross_entropy(x, tensor(std::vector<int64_t>{5, 0, 2, 2}, {4}, x.device())); }));
  c.push_back(of_one("hinge_real", {9, 1}, nn::hinge_real, Kind::summing, true));
  c.push_back(of_one("hinge_fake", {9, 1}, nn::hinge_fake, Kind::summing, true));
  c.push_back(of_two("kl_standard_normal", [](const Tensor& m, const Tensor& v) { return nn::kl_standard_normal(m, v); }));
  c.push_back(of_one("kl_bernoulli", {5, 7}, [](const Tensor& x) { return nn::kl_bernoulli(x, 0.2); }));
  c.push_back(of_one("gram_matrix", {2, 3, 4, 5}, nn::gram_matrix, Kind::product));
  c.push_back(of_one("total_variation", {2, 4, 5, 3}, nn::total_variation));
  c.push_back(of_one("squared_variation", {2, 4, 5, 3}, nn::squared_variation));
  return c;
}

}  // namespace

const std::vector<OpCase>& loss_cases() {
  static const std::vector<OpCase> cases = make_loss_cases();
  return cases;
}

}  // namespace ganymede::test

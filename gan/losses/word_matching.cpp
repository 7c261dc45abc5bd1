#include "gan/losses/word_matching.h"

#include "engine/ops.h"
#include "gan/nets/attngan.h"

namespace ganymede {
namespace {

constexpr double kLeast = 1e-8;   // of a product of norms
constexpr double kNever = 1e9;

Tensor not_below(const Tensor& x, double least) { return maximum(x, full(x.shape(), least, x.dtype(), x.device())); }

// 1 on the diagonal: n rows of n + 1 numbers that begin with 1, read as rows of n.
Tensor identity_like(const Tensor& x) {
  const int64_t n = x.dim(0);
  const Tensor one = slice(ones_like(x), 1, 0, 1);
  return reshape(slice(reshape(pad_zero(one, {0, 0}, {0, n}), Shape{n * (n + 1)}), 0, 0, n * n), Shape{n, n});
}

}  // namespace

Tensor region_attention(const Tensor& v, const Tensor& e, const Tensor& mask, const MatchingSharpness& g) {
  const int64_t m = v.dim(0), r = v.dim(1), n = e.dim(0), t = e.dim(1);
  const Tensor s = reshape(matmul(v, reshape(e, Shape{1, n * t, e.dim(2)}), false, true), Shape{m, r, n, t});
  const Tensor by_word = softmax(s + reshape(nets::word_penalty(mask), Shape{1, 1, n, t}));
  return softmax(g.regions * permute(by_word, {0, 2, 3, 1}));
}

Tensor word_scores(const Tensor& v, const Tensor& e, const Tensor& mask, const MatchingSharpness& g) {
  const int64_t m = v.dim(0), r = v.dim(1), n = e.dim(0), t = e.dim(1), d = e.dim(2);
  const Tensor seen = reshape(matmul(reshape(region_attention(v, e, mask, g), Shape{m, n * t, r}), v), Shape{m, n, t, d}), words = reshape(e, Shape{1, n, t, d});
  const Tensor lengths = norm(seen, {3}) * norm(words, {3});
  const Tensor cosine = sum(seen * words, {3}) / not_below(lengths, kLeast);
  return logsumexp(g.words * cosine + reshape(nets::word_penalty(mask), Shape{1, n, t}), {2});
}

Tensor sentence_scores(const Tensor& v, const Tensor& t) {
  const Tensor lengths = norm(v, {1}, true) * reshape(norm(t, {1}), Shape{1, t.dim(0)});
  return matmul(v, t, false, true) / not_below(lengths, kLeast);
}

Tensor matching_loss(const Tensor& scores, const Tensor& wrong, const MatchingSharpness& g) {
  const Tensor own = identity_like(scores), left_out = 1.0 - maximum(own, wrong);
  const Tensor logits = g.rivals * scores - kNever * left_out;
  const double n = double(scores.dim(0));
  return -(sum(log_softmax(logits, 1) * own) + sum(log_softmax(logits, 0) * own)) / n;
}

}  // namespace ganymede

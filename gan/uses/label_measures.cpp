#include "gan/uses/label_measures.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

using Colour = std::vector<double>;

// Sums of the pixels of each meaning.
struct Colours {
  std::vector<Colour> sums;
  std::vector<double> counts;

  Colours(int64_t meanings, int64_t channels) : sums(size_t(meanings), Colour(size_t(channels))), counts(size_t(meanings)) {}
  void add(const Tensor& pictures, const std::vector<int64_t>& meanings) {
    const std::vector<double> v = pictures.to_doubles();
    const size_t channels = v.size() / meanings.size();
    for (size_t i = 0; i < meanings.size(); ++i) {
      if (meanings[i] < 0 || size_t(meanings[i]) >= sums.size()) continue;
      const size_t k = size_t(meanings[i]);
      for (size_t c = 0; c < channels; ++c) sums[k][c] += v[i * channels + c];
      ++counts[k];
    }
  }
  Colour mean_of(size_t k) const {
    Colour c = sums[k];
    for (double& x : c) x /= counts[k];
    return c;
  }
};

double apart(const Colour& a, const Colour& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace

void add_label_measures(Recipe& r, const data::Palette& palette, const std::string& target, const std::function<Tensor(const Batch&)>& made,
                        const std::function<Tensor(const Batch&, const Tensor&)>& in_style) {
  const int64_t meanings = palette.size();
  const auto colours_of = [=](const Evaluation& e, const std::function<Tensor(const Batch&)>& pictures) {
    std::vector<Colours> found;   // one, once the channels are known
    e.each_batch([&](const Batch& b) {
      const Tensor p = pictures(b);
      if (found.empty()) found.push_back({meanings, p.dim(3)});
      found[0].add(p, b["semantic"].to_integers());
    });
    require(!found.empty(), "nothing to measure: the test split is empty");
    return found[0];
  };
  // shown(k): the mean colour in which a meaning is shown.
  const auto share = [=](const Colours& real, const std::function<Colour(size_t k)>& shown) {
    std::vector<size_t> there;
    for (size_t k = 0; k < size_t(meanings); ++k)
      if (real.counts[k] > 0) there.push_back(k);
    Colour middle(real.sums[0].size());
    for (const size_t k : there)
      for (size_t c = 0; c < middle.size(); ++c) middle[c] += real.mean_of(k)[c] / double(there.size());
    double off = 0, most = 0;
    for (const size_t k : there) off += apart(shown(k), real.mean_of(k)), most += apart(middle, real.mean_of(k));
    return most > 0 ? off / most : std::nan("");
  };
  const auto real_of = [=](const Evaluation& e) { return e.once<Colours>("colours of meanings", [&] { return colours_of(e, [&](const Batch& b) { return b[target]; }); }); };
  r.measures.push_back({"meaning_colour", "how far the mean colours of the meanings in outputs are from those in the pictures, over how far one colour for all would be; 0 is best", [=](const Evaluation& e) {
                          const Colours outputs = colours_of(e, made);
                          return share(real_of(e), [&](size_t k) { return outputs.mean_of(k); });
                        }});
  r.measures.push_back({"uniform_colour", "the same of maps that are of one meaning everywhere; about 1 where the network cannot tell which", [=](const Evaluation& e) {
                          const Colours real = real_of(e);
                          Batch one;
                          e.each_batch([&](const Batch& b) { one = {1, {{"semantic", b["semantic"].rows(0, 1)}}}; });
                          const Shape shape = one["semantic"].shape();
                          return share(real, [&](size_t k) {
                            const std::vector<int64_t> numbers(size_t(shape.count()), int64_t(k));
                            Colours of_one(meanings, int64_t(real.sums[0].size()));
                            of_one.add(made({1, {{"semantic", tensor(numbers, shape, one["semantic"].device())}}}), numbers);
                            return of_one.mean_of(k);
                          });
                        }});
  if (!in_style) return;
  r.measures.push_back({"style_colour", "how far the mean colours of the meanings in the style of another picture are from that picture's, over how far those of its own picture are; of meanings that both have; 0 is best", [=](const Evaluation& e) {
                          double off = 0, most = 0;
                          e.each_batch([&](const Batch& b) {
                            const Tensor own = b[target], style = roll(own, 1), painted = in_style(b, style), numbers = b["semantic"];
                            const auto of_row = [&](const Tensor& pictures, int64_t row, int64_t map) {
                              Colours c(meanings, own.dim(3));
                              c.add(pictures.rows(row, row + 1), numbers.rows(map, map + 1).to_integers());
                              return c;
                            };
                            for (int64_t i = 0; i < b.size && b.size > 1; ++i) {
                              const Colours mine = of_row(own, i, i), other = of_row(style, i, (i + b.size - 1) % b.size), out = of_row(painted, i, i);
                              for (size_t k = 0; k < size_t(meanings); ++k)
                                if (mine.counts[k] > 0 && other.counts[k] > 0) off += apart(out.mean_of(k), other.mean_of(k)), most += apart(mine.mean_of(k), other.mean_of(k));
                            }
                          });
                          return most > 0 ? off / most : std::nan("");
                        }});
}

}  // namespace ganymede

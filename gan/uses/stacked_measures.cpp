#include "gan/uses/stacked_measures.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/metrics/columns.h"
#include "gan/metrics/correlation.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

using metrics::Columns;

// Mean over columns of the correlation of two tables.
double columns_correlate(const Columns& a, const Columns& b) {
  double sum = 0;
  for (size_t k = 0; k < a.count(); ++k) sum += metrics::correlation(a.values[k], b.values[k]);
  return sum / double(a.count());
}

// | sum over units of a statistic of made features / that of real ones - 1 |.
double off(const Columns& made, const Columns& real, double (Columns::*statistic)(size_t) const) {
  double a = 0, b = 0;
  for (size_t k = 0; k < made.count(); ++k) a += (made.*statistic)(k), b += (real.*statistic)(k);
  return std::abs(a / std::max(b, 1e-300) - 1);
}

}  // namespace

std::vector<Measure> stacked_measures(const StackedParts& p) {
  const auto share = [](const std::function<Tensor(const Batch&)>& logits) {
    return [=](const Evaluation& e) {
      double right = 0, all = 0;
      e.each_batch([&](const Batch& b) { right += class_accuracy(logits(b), b["label"]).item() * double(b.size), all += double(b.size); });
      return right / std::max(all, 1.0);
    };
  };
  const auto features = [=](const Batch& b) { return p.features(p.real(b.image())); };
  const auto drawn = [=](const Batch& b) { return p.lower(p.upper(p.draw_upper(b.size), b["label"]), p.draw_lower(b.size)); };
  const auto units = [=](double (Columns::*statistic)(size_t) const) {
    return [=](const Evaluation& e) {
      Columns made, real;
      e.each_batch([&](const Batch& b) { made.add(p.upper(p.draw_upper(b.size), b["label"])), real.add(features(b)); });
      return off(made, real, statistic);
    };
  };
  return {
      {"encoder-accuracy", "share of test pictures whose class E names rightly", share([=](const Batch& b) { return p.classes(features(b)); })},
      {"class-kept", "share of drawn pictures whose class E names rightly", share([=](const Batch& b) { return p.classes(p.features(p.seen(drawn(b)))); })},
      {"feature-error", "|E(G0(h, z)) - h| over |h| of test pictures' features h, 0 is best",
       [=](const Evaluation& e) {
         double error = 0, size = 0;
         e.each_batch([&](const Batch& b) {
           const Tensor h = features(b), again = p.features(p.seen(p.lower(h, p.draw_lower(b.size))));
           error += sum(norm(again - h, {1})).item(), size += sum(norm(h, {1})).item();
         });
         return error / std::max(size, 1e-300);
       }},
      {"feature-mean", "how far the mean of G1's features is from that of real ones, over the latter; 0 is best", units(&Columns::mean)},
      {"feature-deviation", "the same of the units' deviations, averaged", units(&Columns::deviation)},
      {"noise-read-1", "correlation of z1 with what Q reads of it off G1's features, mean over its numbers; 1 is best",
       [=](const Evaluation& e) {
         Columns z, read;
         e.each_batch([&](const Batch& b) {
           const Tensor drawn = p.draw_upper(b.size);
           z.add(drawn), read.add(p.read_upper(p.upper(drawn, b["label"])));
         });
         return columns_correlate(z, read);
       }},
      {"noise-read-0", "correlation of z0 with what Q reads of it off G0's pictures of real features, the same",
       [=](const Evaluation& e) {
         Columns z, read;
         e.each_batch([&](const Batch& b) {
           const Tensor drawn = p.draw_lower(b.size);
           z.add(drawn), read.add(p.read_lower(p.seen(p.lower(features(b), drawn))));
         });
         return columns_correlate(z, read);
       }},
      {"appearance", "deviation of pixels in [0, 1] over z0, features held; 0: z0 is ignored", [=](const Evaluation& e) {
         double squares = 0, batches = 0;
         e.each_batch([&](const Batch& b) {
           const Tensor h = features(b), one = p.lower(h, p.draw_lower(b.size)), other = p.lower(h, p.draw_lower(b.size));
           squares += mean(square(one - other)).item() / 2, batches += 1;
         });
         return std::sqrt(squares / std::max(batches, 1.0));
       }}};
}

}  // namespace ganymede

#include "gan/uses/shared_code.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

Tensor reconstructed(const CodedSide& side, const Tensor& x) {
  return translated({[&](const Tensor& y) { return side.decode(side.encode(y)); }, side.channels, side.unit}, x);
}

Tensor code_of(const CodedSide& side, const Tensor& x) {
  Tensor z;
  translated({[&](const Tensor& y) { return z = side.encode(y), y; }, side.channels, side.unit}, x);
  return z;
}

// Euclidean distance of each picture's code from another's: [n].
Tensor apart(const Tensor& x, const Tensor& y) { return sqrt(sum(square(reshape(x - y, Shape{x.dim(0), x.count() / x.dim(0)})), {1})); }

// Distance of codes from those of the other side, of the same scenes over that of different ones; centred: from each side's mean code.
double code_distance(const Evaluation& e, const CodedSide& a, const CodedSide& b, bool centred) {
  Tensors on_a, on_b;
  bool known = true;
  e.each_batch([&](const Batch& x) {
    if (!x.fields.count("a_in_b")) { known = false; return; }
    on_a.push_back(code_of(a, x["a"])), on_b.push_back(code_of(b, x["a_in_b"]));
  });
  if (!known) return std::nan("");
  require(!on_a.empty(), "nothing to measure: the test split is empty");
  Tensor x = concat(on_a, 0), y = concat(on_b, 0);
  if (centred) x = x - mean(x, {0}, true), y = y - mean(y, {0}, true);
  return (sum(apart(x, y)) / sum(apart(x, roll(y, 1, 0)))).item();
}

}  // namespace

void add_shared_code_uses(Recipe& r, const CodedSide& a, const CodedSide& b) {
  const auto chosen = [=](const Config& settings, const char* name, const char* meaning) { return settings.choice(name, {"a", "b"}, meaning) == "a" ? a : b; };
  r.tasks.push_back({"reconstruct", "PICTURE...", "each picture's code as a picture of its own domain (of=a|b), of any size", 1, 1 << 20, [=](const TaskInput& in) {
    const CodedSide side = chosen(in.settings, "of", "domain of the pictures");
    return translate_task({[=](const Tensor& x) { return side.decode(side.encode(x)); }, side.channels, side.unit}).run(in);
  }});
  r.tasks.push_back({"between", "PICTURE PICTURE", "pictures on the straight line from one code to the other, two pictures of one size (from=a|b: theirs, to=a|b: where they are drawn, steps)", 2, 2, [=](const TaskInput& in) {
    const CodedSide from = chosen(in.settings, "from", "domain of the pictures"), to = chosen(in.settings, "to", "domain of the results");
    const int64_t steps = in.settings.integer("steps", 8, "pictures, the first and the last of the given codes", 2, 4096);
    in.settings.check_all_read();
    const Tensor x = network_input(in.pictures[0], "picture", from.channels), y = network_input(in.pictures[1], "picture", from.channels);
    if (x.shape() != y.shape())
      throw UsageError(text("task between: ", in.pictures[0].name, " is ", x.dim(2), "x", x.dim(1), ", ", in.pictures[1].name, " is ", y.dim(2), "x", y.dim(1), "; it takes two of one size"));
    const auto line = [&](const Tensor& ends) {
      const Tensor z = from.encode(ends), first = slice(z, 0, 0, 1), last = slice(z, 0, 1, 2);
      Tensors all;
      for (int64_t i = 0; i < steps; ++i) all.push_back(first + (last - first) * (double(i) / double(steps - 1)));
      return to.decode(concat(all, 0));
    };
    Results results;
    results.add("between", translated({line, from.channels, from.unit}, concat({x, y}, 0)));
    return results.take();
  }});
  const auto own = [&](const char* name, const CodedSide& side) {
    r.measures.push_back(mean_measure(text("own_", name), text("mean |", name, "'s code as a picture of its own domain - ", name, "|, pixels in [-1, 1]"),
                                      [=](const Batch& x) { return mean(abs(reconstructed(side, x[name]) - x[name])).item(); }));
  };
  own("a", a), own("b", b);
  r.measures.push_back({"codes", "Euclidean distance of a's code from that of the same scene on side b, mean, over the distance from that of another scene; 0: one code for both sides, 1: codes say nothing to each other; needs data with truth=1",
                        [=](const Evaluation& e) { return code_distance(e, a, b, false); }});
  r.measures.push_back({"codes_centred", "the same of codes without their side's mean code", [=](const Evaluation& e) { return code_distance(e, a, b, true); }});
  r.measures.push_back(mean_measure("code_square", "mean square of the numbers in codes, of both sides", [=](const Batch& x) {
    return (mean(square(code_of(a, x["a"]))).item() + mean(square(code_of(b, x["b"]))).item()) / 2;
  }));
}

}  // namespace ganymede

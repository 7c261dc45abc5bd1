// optimizer/{adam,adam_average,rmsprop,sgd}/COUNT/f32 and spectral_norm/dcgan/f32: what happens to weights once a step.
#include "bench/measure.h"

namespace ganymede::bench {
namespace {

using namespace kernels;

void add_optimizer(const char* name, Rule rule, bool average, int64_t count, int buffers) {
  const Problem problem{std::string("optimizer/") + name + "/" + std::to_string(count) + "/f32", 0, double(buffers) * 4 * double(count), Rate::f32};
  add_case(problem, "ganymede", [=] {
    struct Operands { Operand p, g, m, v, mean, step, scalars; };
    const int sets = sets_for(problem.bytes);
    const std::shared_ptr<Operands> o(new Operands{{count, DType::f32, sets}, {count, DType::f32, sets}, {count, DType::f32, sets}, {count, DType::f32, sets},
                                                   {average ? count : 0, DType::f32, sets}, {1, DType::i64, sets}, {sizeof(StepScalars), DType::u8, 1}});
    const StepScalars now{1e-6, 0.5};
    table().device.upload(stream(), o->scalars[0], &now, sizeof now);
    table().device.synchronize();
    return Prepared{[=](int i) {
      const Segment all{0, count, {o->g[i]}};
      table().optimizer.step(stream(), {rule, DType::f32, count, 0.999, 1e-8, 0, false, 0, 0.999},
                             {o->p[i], rule == Rule::sgd ? nullptr : o->m[i], rule == Rule::sgd ? nullptr : o->v[i], average ? o->mean[i] : nullptr,
                              static_cast<int64_t*>(o->step[i]), static_cast<const StepScalars*>(o->scalars[0]), nullptr},
                             &all, 1);
    }, sets};
  });
}

void add_spectral() {
  // The discriminator of DCGAN at 64 pixels, every layer's weight as [outputs, the rest].
  const std::vector<std::pair<int64_t, int64_t>> weights{{64, 48}, {128, 1024}, {256, 2048}, {512, 4096}, {1, 8192}};
  double bytes = 0;  // read twice by the iteration, once to divide, and written
  for (const auto& [rows, columns] : weights) bytes += 4 * 4.0 * double(rows) * double(columns);
  add_case({"spectral_norm/dcgan/f32", bytes / 4, bytes, Rate::f32}, "ganymede", [=] {
    struct Operands { std::vector<std::unique_ptr<Operand>> all; std::unique_ptr<Operand> workspace; };
    const int sets = sets_for(bytes / 2);
    const auto o = std::make_shared<Operands>();
    for (const auto& [rows, columns] : weights)
      for (const int64_t count : {rows * columns, rows, columns, int64_t{1}, rows * columns}) o->all.push_back(std::make_unique<Operand>(count, DType::f32, sets));
    const auto problem_of = [=](int i) {
      std::vector<SpectralMatrix> m;
      for (size_t k = 0; k < weights.size(); ++k) {
        const auto at = [&](size_t j) { return (*o->all[5 * k + j])[i]; };
        m.push_back({weights[k].first, weights[k].second, false, at(0), at(1), at(2), at(3), at(4)});
      }
      return m;
    };
    const auto first = problem_of(0);
    o->workspace = std::make_unique<Operand>(int64_t(table().spectral.workspace_bytes(DType::f32, first.data(), int(first.size()))), DType::u8, 1);
    return Prepared{[=](int i) {
      const auto m = problem_of(i);
      table().spectral.normalise(stream(), DType::f32, m.data(), int(m.size()), 1, 1e-12, (*o->workspace)[0]);
    }, sets};
  });
}

}  // namespace

void add_parameters() {
  for (const int64_t count : {int64_t{3} << 20, int64_t{12} << 20}) {
    add_optimizer("adam", Rule::adam, false, count, 7);
    add_optimizer("adam_average", Rule::adam, true, count, 9);
    add_optimizer("rmsprop", Rule::rmsprop, false, count, 7);
    add_optimizer("sgd", Rule::sgd, false, count, 3);
  }
  add_spectral();
}

}  // namespace ganymede::bench

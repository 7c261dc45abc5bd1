#include "gan/parts/plug_and_play.h"

#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

Tensor walked(const PlugAndPlay& p, const Walk& walk, const Wanted& wanted, const Tensor& start) {
  ContextScope scope;
  context().recording = true;
  Tensor h = start.constant();
  for (int64_t i = 0; i < walk.steps; ++i) {
    const Tensor at = watch(h), pictures = p.generate(at), code = p.encode(pictures);
    Tensor d = (code.constant() - h) * walk.prior;
    if (walk.condition != 0) d = d + grad(sum(wanted(pictures, code)), at, Record::off) * walk.condition;
    if (walk.noise > 0) d = d + randn(h.shape(), 0, walk.noise);
    const double done = walk.steps > 1 ? double(i) / double(walk.steps - 1) : 0, step = walk.step + (walk.last_step - walk.step) * done;
    h = clamp(h + d / (mean(abs(d), {1}, true) + 1e-30) * step, 0, 30).constant();
  }
  return h;
}

}  // namespace ganymede

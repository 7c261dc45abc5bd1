// Animation: at every scale from `scale` on the noise walks near the noise that reconstructs the picture,
//   z_0 = zr,  z_1 = 0.95 zr + 0.05 u,  d = beta (z_t - z_(t-1)) + (1 - beta) u_t,  z_(t+1) = alpha zr + (1 - alpha) (z_t + d)
// below it stays there. Frame t of a scale builds on frame t of the one before.
#include <algorithm>

#include "engine/check.h"
#include "gan/data/grid.h"
#include "gan/singan/task_help.h"
#include "gan/singan/tasks.h"

namespace ganymede::singan {
namespace {

struct Walk {
  double alpha = 0.1, beta = 0.9;
  int start = 0;
};

// One walk at every scale; next() gives the picture and walks on.
class Walker {
 public:
  Walker(const Pyramid& p, const Walk& walk) : p_(p), walk_(walk), reached_(p.reached()) {
    for (int k = 0; k <= reached_; ++k) rest_.push_back(k ? zeros(p.noise(k, 1).shape()) : p.z_star);
    now_ = before_ = rest_;
  }
  data::Picture next() {
    Tensor x;
    for (int k = 0; k <= reached_; ++k) x = p_.frozen(k, now_[size_t(k)], k ? p_.enlarge(x, k) : x);
    for (int k = walk_.start; k <= reached_; ++k) {
      const auto i = size_t(k);
      const Tensor u = p_.noise(k, 1), was = now_[i];
      if (frame_ == 0) {
        now_[i] = rest_[i] * 0.95 + u * 0.05;
      } else {
        const Tensor d = (now_[i] - before_[i]) * walk_.beta + u * (1 - walk_.beta);
        now_[i] = rest_[i] * walk_.alpha + (now_[i] + d) * (1 - walk_.alpha);
      }
      before_[i] = was;
    }
    ++frame_;
    return picture_of(x);
  }

 private:
  const Pyramid& p_;
  const Walk walk_;
  const int reached_;
  int64_t frame_ = 0;
  Tensors rest_, now_, before_;
};

}  // namespace

Task animation_task(const PyramidPtr& p) {
  return {"animation", "", "the training picture in motion; scale (or n): where the motion begins", 0, 0, [=](const TaskInput& in) {
            Walk walk;
            const int start = chosen_scale(in.settings, *p, 0, "scale at which the motion begins"), finest = p->finest();
            walk.alpha = in.settings.number("alpha", 0.1, "pull back to the picture", 0, 1);
            walk.beta = in.settings.number("beta", 0.9, "smoothness of the motion", 0, 1);
            const int64_t frames = in.settings.integer("frames", 100, "of the animation", 2, 100000);
            const double rate = in.settings.number("fps", 10, "frames a second", 0.01, 1000);
            const int reached = reached_for(*p, start, 0);
            std::vector<Result> results;
            if (start >= 0) {
              for (int64_t i = 0; i < in.n; ++i) {
                walk.start = start;
                Walker w(*p, walk);
                Result r{text("animation-", scale_tag(start, finest), in.n > 1 ? text("-", i) : ""), {}, rate};
                for (int64_t t = 0; t < frames; ++t) r.frames.push_back(w.next());
                results.push_back(std::move(r));
              }
              return results;
            }
            // Every few frames of a short walk, a row a scale.
            constexpr int64_t kColumns = 6, kApart = 4;
            data::GridStyle style;
            style.columns = kColumns, style.zoom = zoom_for(p->size(reached).width);
            for (int64_t t = 0; t < kColumns; ++t) style.column_labels.push_back(text("frame ", t * kApart));
            std::vector<data::Picture> cells;
            for (int k = 0; k <= reached; ++k) {
              style.row_labels.push_back(scale_name(k, finest));
              walk.start = k;
              Walker w(*p, walk);
              for (int64_t t = 0; t < kColumns * kApart; ++t) {
                data::Picture frame = w.next();
                if (t % kApart == 0) cells.push_back(std::move(frame));
              }
            }
            results.push_back({"animation-scales", {data::grid(cells, style)}});
            return results;
          }};
}

}  // namespace ganymede::singan

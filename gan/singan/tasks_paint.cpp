// Paint to image: a painting injected at a coarse scale. With `quantise`, that scale is trained again on inputs of few colours,
// which are then given to the painting too.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/run/progress.h"
#include "gan/singan/quantise.h"
#include "gan/singan/task_help.h"
#include "gan/singan/tasks.h"
#include "gan/trainer.h"

namespace ganymede::singan {
namespace {

// A generator in the place of the scale's own, trained on inputs of few colours.
nn::Net trained_again(const PyramidPtr& p, int scale, ScaleTraining how, const Palette& palette, uint64_t seed) {
  ContextScope scope;
  context().training = context().recording = true;
  nn::seed_parameters(seed);
  how.alter = [=](const Tensor& x) { return quantised(x, palette); };
  const Scale& s = p->scales[size_t(scale)];
  Recipe r;
  const nn::Net G = r.net(text("G", scale), nets::singan_generator(int(p->colours), s.channels));
  const nn::Net D = r.net(text("D", scale), nets::singan_discriminator(int(p->colours), s.channels));
  r.stage(scale_name(scale, p->finest()), how.iterations);
  train_scale(r, p, scale, G, D, how);
  Trainer trainer(std::move(r), {.batch = 1, .seed = seed}, {}, nullptr);
  run::Progress progress(STDERR_FILENO, 0, how.iterations, 1);
  progress.note(text("training ", scale_name(scale, p->finest()), " again with ", palette.size(), " colours"));
  for (int64_t i = 0; i < how.iterations; ++i) {
    trainer.step();
    progress.step(i + 1);
  }
  progress.finish();
  return G;
}

}  // namespace

Task paint_task(const PyramidPtr& p, const ScaleTraining& trained) {
  return {"paint", "PAINTING...", "a painting turned into a picture like the training picture; scale (or n): where it is injected", 1, 1 << 20, [=](const TaskInput& in) {
            const int scale = chosen_scale(in.settings, *p, 1, "scale that the painting is injected at");
            const bool quantise = in.settings.flag("quantise", false, "train the scale again on inputs of few colours, and give the painting the same");
            const auto colours = int(in.settings.integer("colours", 5, "of the palette", 2, 64));
            ScaleTraining how = trained;
            how.iterations = in.settings.integer("iterations", how.iterations, "of the scale that is trained again", 1);
            how.decay_at = std::max<int64_t>(1, how.iterations * 4 / 5), how.redraw = false;
            const double noise = chosen_noise(in.settings);
            if (quantise && scale < 0) throw UsageError("quantise=true trains one scale again: name it with scale or n");
            const int reached = reached_for(*p, scale, 1);
            std::vector<data::Picture> fit;
            for (const NamedPicture& g : in.pictures) fit.push_back(fitted(*p, g));
            Palette palette;
            nn::Net G;
            if (quantise) {
              palette = palette_of(p->scales[size_t(scale)].real, colours);
              G = trained_again(p, scale, how, palette, 1);
            }
            std::vector<Result> results;
            for (size_t i = 0; i < in.pictures.size(); ++i) {
              const Tensor x = tensor_of(*p, fit[i]);
              std::vector<Shown> plain{{"training", picture_of(p->scales[size_t(reached)].real)}, {"painting", fit[i]}};
              if (quantise) {
                const Tensor few = quantised(tensor_of(*p, bicubic(fit[i], p->size(scale))), palette);
                plain.push_back({text(palette.size(), " colours"), picture_of(few)});
                const auto make = [&](int k) {
                  const Tensor y = p->pass(k, [&](const Tensor& z) { return G.infer(z); }, p->noise(k, 1) * noise, few);
                  return picture_of(k < reached ? p->go_on(1, k + 1, reached, p->enlarge(y, k + 1), noise) : y);
                };
                for (Result& r : at_scale_or_all(in.pictures[i].name, scale, 1, reached, p->finest(), in.n, plain, make)) results.push_back(std::move(r));
                continue;
              }
              const auto make = [&](int k) { return picture_of(p->go_on(1, k, reached, p->inject(x, k), noise)); };
              for (Result& r : at_scale_or_all(in.pictures[i].name, scale, 1, reached, p->finest(), in.n, plain, make)) results.push_back(std::move(r));
            }
            return results;
          }, true};
}

}  // namespace ganymede::singan

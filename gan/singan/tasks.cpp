#include "gan/singan/tasks.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/grid.h"
#include "gan/data/mask.h"
#include "gan/data/resize.h"
#include "gan/singan/task_help.h"

namespace ganymede::singan {
namespace {

data::Picture enlarged(const data::Picture& p, const Extent& to, bool nearest) {
  if (!nearest) return bicubic(p, to);
  data::Picture out(to.height, to.width, p.channels);
  for (int64_t y = 0; y < to.height; ++y)
    for (int64_t x = 0; x < to.width; ++x) std::copy_n(p.at(y * p.height / to.height, x * p.width / to.width), p.channels, out.at(y, x));
  return out;
}

}  // namespace

// From the coarsest scale, or from a finer one with the reconstruction below it: more of the layout is kept.
Task samples_task(const PyramidPtr& p) {
  return {"samples", "", "other pictures of the same content; scale (or n): where the noise begins", 0, 0, [=](const TaskInput& in) {
            const int start = chosen_scale(in.settings, *p, 0, "scale at which the noise begins"), finest = p->finest();
            const double noise = chosen_noise(in.settings);
            const int reached = reached_for(*p, start, 0);
            std::vector<Result> results;
            if (start >= 0) {
              for (int64_t i = 0; i < in.n; ++i) results.push_back({text("sample-", scale_tag(start, finest), "-", i), {picture_of(p->sample(1, reached, start, noise))}});
              return results;
            }
            data::GridStyle style;
            const int64_t across = in.n > 1 ? in.n : 4;
            style.columns = across + 1, style.zoom = zoom_for(p->size(reached).width);
            std::vector<data::Picture> cells;
            style.column_labels = {"training"};
            for (int64_t i = 0; i < across; ++i) style.column_labels.push_back(text("sample ", i));
            for (int k = 0; k <= reached; ++k) {
              style.row_labels.push_back(scale_name(k, finest));
              cells.push_back(picture_of(p->scales[size_t(reached)].real));
              for (int64_t i = 0; i < across; ++i) cells.push_back(picture_of(p->sample(1, reached, k, noise)));
            }
            results.push_back({"samples-scales", {data::grid(cells, style)}});
            return results;
          }, true};
}

Task size_task(const PyramidPtr& p) {
  return {"size", "", "pictures of any size and proportions, scale_h x scale_w times the training picture's", 0, 0, [=](const TaskInput& in) {
            const double tall = in.settings.number("scale_h", 1, "height, in heights of the training picture", 0.05, 32);
            const double wide = in.settings.number("scale_w", 2, "width, in widths of the training picture", 0.05, 32), noise = chosen_noise(in.settings);
            const int reached = p->reached();
            std::vector<Result> results;
            data::Picture first;
            for (int64_t i = 0; i < in.n; ++i) {
              results.push_back({text("size-", i), {picture_of(p->sample(1, reached, tall, wide, noise))}});
              if (i == 0) first = results.back().frames[0];
            }
            const data::Picture own = picture_of(p->scales[size_t(reached)].real);
            results.push_back({"size-compare", {side_by_side({{"training", own}, {"bicubic", bicubic(own, {first.height, first.width})}, {"SinGAN", first}}, 1)}});
            return results;
          }, true};
}

// x := bicubic(x, r), x := G_S(amp_S noise + x) + x, k times with r = factor^(1/k).
Task super_resolution_task(const PyramidPtr& p, double trained_for) {
  return {"super-resolution", "[PICTURE...]", "the training picture, or others, enlarged by any factor with the finest generator", 0, 1 << 20, [=](const TaskInput& in) {
            const double factor = in.settings.number("factor", trained_for > 1 ? trained_for : 4, "how many times larger", 1, 64);
            const auto passes = int(in.settings.integer("passes", passes_for(factor), "steps of the enlargement", 1, 64));
            const double noise = chosen_noise(in.settings);
            if (trained_for <= 1) std::cerr << "super-resolution: the run was not trained for it (--set sr_factor=" << factor << "); details will be weak\n";
            const int finest = p->reached();
            std::vector<NamedPicture> given = in.pictures;
            if (given.empty()) given.push_back({"training", picture_of(p->scales[size_t(finest)].real)});
            std::vector<Result> results;
            for (const NamedPicture& g : given) {
              Tensor x = tensor_of(*p, g.picture);
              const Extent to{std::llround(double(g.picture.height) * factor), std::llround(double(g.picture.width) * factor)};
              for (int k = 0; k < passes; ++k) {
                x = clamp(matlab_resize(clamp(x, -1, 1), std::pow(factor, 1.0 / passes)), -1, 1);
                x = p->frozen(finest, p->noise(finest, 1, {x.dim(1), x.dim(2)}) * noise, x);
              }
              x = pad(x, {0, to.width - x.dim(2), 0, to.height - x.dim(1)}, Padding::replicate);
              const data::Picture made = picture_of(x), own = data::with_channels(g.picture, p->colours);
              results.push_back({text(g.name, "-x", factor), {made}});
              results.push_back({text(g.name, "-x", factor, "-compare"), {side_by_side({{"nearest", enlarged(own, to, true)}, {"bicubic", enlarged(own, to, false)}, {"SinGAN", made}})}});
            }
            return results;
          }};
}

Task masked_task(const PyramidPtr& p, const std::string& name, const std::string& inputs, const std::string& help, double standard_radius) {
  return {name, inputs, help, 2, 2, [=](const TaskInput& in) {
            const int scale = chosen_scale(in.settings, *p, 1, "scale that the picture is injected at");
            const double radius = in.settings.number("radius", standard_radius, "pixels by which the mask is widened", 0, 4096);
            const double sigma = in.settings.number("sigma", 5, "pixels over which it fades out", 0, 256), noise = chosen_noise(in.settings);
            const NamedPicture &pasted = in.pictures[0], &mask = in.pictures[1];
            if (mask.picture.height != pasted.picture.height || mask.picture.width != pasted.picture.width)
              throw UsageError(text("mask ", mask.name, ": ", mask.picture.height, "x", mask.picture.width, ", but ", pasted.name, " is ", pasted.picture.height, "x", pasted.picture.width,
                                    "; they must be equal"));
            const Extent& own = p->size(p->finest());
            const data::Picture fit = fitted(*p, pasted);
            const std::vector<float> weight = data::soft_mask(bicubic(data::with_channels(mask.picture, 1), own), radius, sigma);
            const int reached = reached_for(*p, scale, 1);
            const Tensor x = tensor_of(*p, fit), real = p->scales[size_t(reached)].real;
            Tensor m = tensor(std::vector<double>(weight.begin(), weight.end()), {1, own.height, own.width, 1}, context().dtype, context().device);
            if (reached < p->finest()) m = matlab_resize(m, p->shape.scale_of(reached));
            const auto make = [&](int k) { return picture_of(add(real, mul(m, sub(clamp(p->go_on(1, k, reached, p->inject(x, k), noise), -1, 1), real)))); };
            return at_scale_or_all(pasted.name, scale, 1, reached, p->finest(), in.n, {{"training", picture_of(real)}, {"plain paste", fit}}, make);
          }, true};
}

std::vector<Task> tasks(const PyramidPtr& p, const ScaleTraining& how) {
  return {samples_task(p), size_task(p), super_resolution_task(p, how.enlarges), paint_task(p, how),
          masked_task(p, "editing", "EDITED MASK", "a hand-made change of the training picture made to fit; MASK is white where it was changed", 20),
          masked_task(p, "harmonisation", "PASTED MASK", "something pasted into the training picture made to look like it; MASK is white where it was pasted", 7),
          animation_task(p)};
}

}  // namespace ganymede::singan

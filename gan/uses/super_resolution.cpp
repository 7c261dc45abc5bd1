#include "gan/uses/super_resolution.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/random.h"
#include "gan/data/transform.h"
#include "gan/metrics/features_file.h"
#include "gan/metrics/similarity.h"
#include "gan/pictures.h"
#include "gan/uses/tiles.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

constexpr double kRed = 65.481, kGreen = 128.553, kBlue = 24.966, kGrey = kRed + kGreen + kBlue, kBlack = 16;  // of 255

Tensor channel(const Tensor& x, int64_t c) { return slice(x, 3, c, c + 1); }

Tensor luma_of(const Enlarger& e, const Tensor& low) { return e.luma ? e.luma(low) : luma(e.picture(low)); }

// Y as 8-bit files hold it, without the border that the papers leave out.
metrics::Plane plane(const Tensor& y, int64_t border) {
  metrics::Plane p{y.dim(1), y.dim(2), y.to_doubles()};
  for (double& v : p.values) v = std::round(std::clamp(v * 255, 0.0, 255.0));
  return metrics::without_border(p, border);
}

// Variance of the Laplacian (4 of the pixel, -1 of each neighbour): how much fine detail there is, right or wrong.
double laplacian_variance(const metrics::Plane& p) {
  double sum = 0, squares = 0, n = 0;
  for (int64_t y = 1; y + 1 < p.height; ++y)
    for (int64_t x = 1; x + 1 < p.width; ++x, ++n) {
      const double v = 4 * p.at(y, x) - p.at(y - 1, x) - p.at(y + 1, x) - p.at(y, x - 1) - p.at(y, x + 1);
      sum += v, squares += v * v;
    }
  return n > 0 ? squares / n - sum / n * sum / n : std::nan("");
}

struct Figures {
  double psnr = 0, ssim = 0, laplacian = 0;
};
Figures figures(const metrics::Plane& made, const metrics::Plane& high) {
  const bool fits = std::min(high.height, high.width) >= 11;   // SSIM's window
  return {metrics::psnr({made}, {high}), fits ? metrics::ssim({made}, {high}) : std::nan(""), laplacian_variance(made)};
}

struct Compared {
  Figures ours, bicubic;
  double detail = 0;   // the high picture's own laplacian variance
};
// One picture: Y [1, H, W, 1].
Compared compare(const Enlarged& y, int64_t border) {
  const metrics::Plane truth = plane(y.high, border);
  return {figures(plane(y.made, border), truth), figures(plane(y.bicubic, border), truth), laplacian_variance(truth)};
}
// Every picture that the evaluation looks at, each by itself, and once for all measures; `what` tells these apart from others of the model.
const std::vector<Compared>& compared(const Evaluation& evaluation, const std::string& what, int64_t border, const std::function<Enlarged(const Batch&)>& lumas) {
  return evaluation.once<std::vector<Compared>>("compared" + what, [&] {
    std::vector<Compared> found;
    evaluation.each_batch([&](const Batch& b) {
      const Enlarged all = lumas(b);
      for (int64_t i = 0; i < b.size; ++i) found.push_back(compare({all.made.rows(i, i + 1), all.bicubic.rows(i, i + 1), all.high.rows(i, i + 1)}, border));
    });
    require(!found.empty(), "nothing to measure: the test split is empty");
    return found;
  });
}
double mean_of(const std::vector<Compared>& all, const std::function<double(const Compared&)>& value) {
  double sum = 0;
  for (const Compared& c : all) sum += value(c);
  return sum / double(all.size());
}

Tensor input(const Enlarger& e, const NamedPicture& p) { return network_input(p, "picture", e.channels ? e.channels : p.picture.channels >= 3 ? 3 : 1); }

data::Picture only(const Tensor& x) { return to_pictures(x).front(); }

data::Picture comparison(const Enlarger& e, const Tensor& low, const data::Picture& made, const std::vector<Shown>& more = {}) {
  std::vector<Shown> all{{"nearest", only(upsample_nearest(low, e.scale))}, {"bicubic", only(bicubic(low, e.scale))}, {e.name, made}};
  all.insert(all.end(), more.begin(), more.end());
  return side_by_side(all);
}

constexpr int64_t kTileBorder = 32;   // px around a tile that are enlarged with it, for no seams to be seen (figures: docs/models/esrgan.md)

// e by the weights that alpha= names, where there are two sets of them.
Enlarger as_told(Enlarger e, const Config& settings) {
  if (!e.between) return e;
  const double alpha = settings.number("alpha", 1, "weights between those before D began, 0, and the last ones, 1", 0, 1);
  if (alpha < 1) e.picture = e.between(alpha), e.name += text(" alpha ", alpha);
  return e;
}

Task enlarging_task(const Enlarger& whole) {
  return {"super-resolution", "PICTURE...", text("the pictures ", whole.scale, " times as large, and beside nearest neighbours and bicubic; tile=N in parts of N px, for less memory"), 1, 1 << 20, [whole](const TaskInput& in) {
            const int64_t tile = in.settings.integer("tile", 0, "px a side of the parts that are enlarged one by one; 0: the whole at once", 0, 1 << 20);
            Enlarger e = as_told(whole, in.settings);
            e.picture = [f = e.picture, scale = e.scale, tile](const Tensor& low) { return in_tiles(f, low, scale, tile, kTileBorder); };
            std::vector<Result> results;
            for (const NamedPicture& p : in.pictures) {
              const Tensor low = input(e, p);
              const data::Picture made = only(e.picture(low));
              const std::string name = text(p.name, "-x", e.scale);
              results.push_back({name, {made}});
              results.push_back({name + "-compare", {comparison(e, low, made)}});
            }
            return results;
          }};
}

// From the weights before D to the last ones, n of them.
Task interpolating_task(const Enlarger& e) {
  return {"interpolate", "PICTURE...", "each picture by n sets of weights (-n), from those before D began to the last ones, side by side", 1, 1 << 20, [e](const TaskInput& in) {
            if (in.n < 2) throw UsageError(text("task interpolate: -n ", in.n, "; it needs 2 or more, the first and the last"));
            std::vector<Result> results;
            std::vector<std::vector<Shown>> strips(in.pictures.size());
            for (int64_t i = 0; i < in.n; ++i) {
              const double alpha = double(i) / double(in.n - 1);
              const auto picture = e.between(alpha);
              for (size_t p = 0; p < in.pictures.size(); ++p) strips[p].push_back({text("alpha ", alpha), only(picture(input(e, in.pictures[p])))});
            }
            for (size_t p = 0; p < in.pictures.size(); ++p) results.push_back({in.pictures[p].name + "-interpolate", {side_by_side(strips[p], in.n)}});
            return results;
          }, true};
}

// One picture's line of the benchmark, in the order of the file.
using Line = std::vector<std::pair<std::string, double>>;

// The papers' tables: each picture cut to a multiple of the scale, reduced, enlarged and compared with itself.
Task benchmark_task(const Enlarger& trained) {
  return {"benchmark", "PICTURE...", text("each picture reduced ", trained.scale, " times (degradation=), enlarged again and compared with itself: PSNR and SSIM of Y, and LPIPS with features=FILE, in benchmark.json"), 1, 1 << 20,
          [trained](const TaskInput& in) {
            const Enlarger e = as_told(trained, in.settings);
            const auto how = data::degradation_named(in.settings.choice("degradation", data::degradation_names(), "how pictures are reduced"));
            const std::string file = in.settings.path("features", "a network with weights of LPIPS, for perceptual distances");
            std::optional<metrics::FeatureNetwork> network;
            if (!file.empty()) network = metrics::read_features(file);
            if (network && network->lpips_weights.empty()) throw UsageError(text("task benchmark: ", file, " holds no weights of LPIPS"));
            data::Random random(1);   // the same for every model
            std::vector<Line> lines;
            std::vector<Result> results;
            for (const NamedPicture& p : in.pictures) {
              const Tensor whole = input(e, p);
              const int64_t h = whole.dim(1) / e.scale * e.scale, w = whole.dim(2) / e.scale * e.scale;
              if (std::min(h, w) < 4 * e.scale) throw UsageError(text(p.name, ": ", whole.dim(2), "x", whole.dim(1), " pixels; to be reduced ", e.scale, " times a picture needs ", 4 * e.scale, " a side"));
              const Tensor high = slice(slice(whole, 1, 0, h), 2, 0, w);
              const data::Image small = data::degraded({h, w, high.dim(3), high.to_floats()}, e.scale, how, random);
              const Tensor low = tensor(small.values, Shape{1, small.height, small.width, small.channels}, context().dtype, context().device);
              const Tensor made = e.picture(low);
              const Compared c = compare({e.luma ? e.luma(low) : luma(made), luma(bicubic(low, e.scale)), luma(high)}, e.scale);
              Line line{{"psnr", c.ours.psnr}, {"psnr_bicubic", c.bicubic.psnr}, {"ssim", c.ours.ssim}, {"ssim_bicubic", c.bicubic.ssim}};
              if (network) line.emplace_back("lpips", metrics::mean_lpips(*network, made, high)), line.emplace_back("lpips_bicubic", metrics::mean_lpips(*network, bicubic(low, e.scale), high));
              lines.push_back(line);
              results.push_back({text(p.name, "-x", e.scale, "-compare"), {comparison(e, low, only(made), {{"high", only(high)}})}});
            }
            Line means = lines.front();
            for (size_t i = 0; i < means.size(); ++i) {
              means[i].second = 0;
              for (const Line& line : lines) means[i].second += line[i].second / double(lines.size());
            }
            nlohmann::ordered_json table = nlohmann::ordered_json::array();
            const auto add = [&](const std::string& name, const Line& line) {
              nlohmann::ordered_json& row = table.emplace_back(nlohmann::ordered_json{{"picture", name}});
              for (const auto& [measure, value] : line) row[measure] = value;
            };
            for (size_t i = 0; i < lines.size(); ++i) add(in.pictures[i].name, lines[i]);
            add("mean", means);
            results.push_back({.name = "benchmark", .json = table.dump(2)});
            return results;
          }};
}

// As the tasks enlarge files: norms by the batch's statistics then see the same.
Enlarged one_by_one(const Enlarger& e, const Batch& b) {
  return {in_chunks([&](const Tensor& low) { return luma_of(e, low); }, b["low"], 1), luma(bicubic(b["low"], e.scale)), luma(b["high"])};
}

// What weights between the two sets do: the task, and PSNR and detail of the first set and halfway.
void add_interpolation(Recipe& r, const Enlarger& e) {
  r.tasks.push_back(interpolating_task(e));
  const auto add = [&](const std::string& name, double alpha, const std::function<double(const Compared&)>& value) {
    const std::string what = text(name, " by weights ", alpha, " of the way from those before D began to the last ones"), full = text(name, "_alpha_", alpha);
    r.measures.push_back({full, what, [=](const Evaluation& evaluation) {
                            Enlarger mixed = e;
                            mixed.picture = e.between(alpha);
                            return mean_of(compared(evaluation, text(" alpha ", alpha), e.scale, [&](const Batch& b) { return one_by_one(mixed, b); }), value);
                          }});
  };
  for (const double alpha : {0.0, 0.5}) {
    add("psnr", alpha, [](const Compared& c) { return c.ours.psnr; });
    add("laplacian", alpha, [](const Compared& c) { return c.ours.laplacian; });
  }
}

}  // namespace

Tensor luma(const Tensor& x) {
  require(x.rank() == 4 && (x.dim(3) == 1 || x.dim(3) == 3), "luma of a tensor of shape ", x.shape(), ": expected [N, H, W, 1 or 3]");
  const Tensor level = x * (0.5 / 255) + 0.5 / 255;   // (x + 1) / 2 / 255
  if (x.dim(3) == 1) return level * kGrey + kBlack / 255;
  return channel(level, 0) * kRed + channel(level, 1) * kGreen + channel(level, 2) * kBlue + kBlack / 255;
}

// Cb and Cr fixed, all three colours move by 255 / 219 of what Y moves by.
Tensor with_luma(const Tensor& x, const Tensor& y) { return clamp(x + (y - luma(x)) * (2 * 255 / kGrey), -1, 1); }

Tensor bicubic(const Tensor& low, int64_t scale) { return matlab_resize(low, double(scale)); }

Tensor low_view(const Tensor& x, int64_t factor) {
  const int side = int(factor);
  // Means of bytes often lie halfway between two steps; the thousandth keeps them clear of rounding, so that all devices take the upper one.
  const Tensor steps = cast(average_pool(x.constant(), {{side, side}, {side, side}}) * 127.5 + (127.5 + 0.501), DType::i64);
  return clamp(bicubic(cast(steps, x.dtype()) / 127.5 - 1.0, factor), -1, 1);
}
Tensor without_border(const Tensor& x, int64_t border) { return border ? pad(x, {-border, -border, -border, -border}, Padding::zero) : x; }

Tensor decibels(const Tensor& mse) { return log(mse) * (-10 / std::log(10.0)); }

void add_super_resolution_measures(Recipe& r, int64_t scale, const std::function<Enlarged(const Batch&)>& lumas) {
  const std::string protocol = text(" of Y (MATLAB's rgb2ycbcr, 8 bit) without a border of ", scale, " px, mean over pictures");
  const auto add = [&](const std::string& name, const std::string& what, const std::function<double(const Compared&)>& value) {
    r.measures.push_back({name, what, [=](const Evaluation& e) { return mean_of(compared(e, "", scale, lumas), value); }});
  };
  add("psnr", "PSNR in dB" + protocol, [](const Compared& c) { return c.ours.psnr; });
  add("psnr_bicubic", "the same of bicubic enlargement", [](const Compared& c) { return c.bicubic.psnr; });
  add("psnr_gain", "the first minus the second", [](const Compared& c) { return c.ours.psnr - c.bicubic.psnr; });
  add("ssim", "SSIM, at most 1," + protocol, [](const Compared& c) { return c.ours.ssim; });
  add("ssim_bicubic", "the same of bicubic enlargement", [](const Compared& c) { return c.bicubic.ssim; });
  add("laplacian", "variance of the Laplacian of Y: fine detail, right or invented", [](const Compared& c) { return c.ours.laplacian; });
  add("laplacian_bicubic", "the same of bicubic enlargement", [](const Compared& c) { return c.bicubic.laplacian; });
  add("laplacian_high", "the same of the high pictures", [](const Compared& c) { return c.detail; });
}

void add_super_resolution_uses(Recipe& r, const Enlarger& e) {
  const auto made = [=](const Batch& b) { return in_chunks(e.picture, b["low"], 16); };
  r.sample = [=](int64_t n, const Batch& b) { return in_chunks(e.picture, b["low"].rows(0, n), 16); };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    return {{"low", upsample_nearest(b["low"], e.scale)}, {"bicubic", clamp(bicubic(b["low"], e.scale), -1, 1)}, {e.name, made(b)}, {"high", b["high"]}};
  };
  r.tasks.push_back(enlarging_task(e));
  r.maps.push_back(picture_map("super-resolution", text("the pictures, ", e.scale, " times as large"), e.picture, e.channels ? e.channels : 3));
  r.tasks.push_back(benchmark_task(e));
  add_super_resolution_measures(r, e.scale, [=](const Batch& b) { return one_by_one(e, b); });
  if (e.between) add_interpolation(r, e);
  r.measures.push_back(lpips_measure("lpips", "perceptual distance of output and high picture (LPIPS); 0 is best", [=](const Batch& b) { return std::pair{in_chunks(e.picture, b["low"], 1), b["high"]}; }));
  r.measures.push_back(lpips_measure("lpips_bicubic", "the same of bicubic enlargement", [=](const Batch& b) { return std::pair{bicubic(b["low"], e.scale), b["high"]}; }));
}

}  // namespace ganymede

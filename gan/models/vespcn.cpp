// VESPCN. Caballero, Ledig, Aitken, Acosta, Totz, Wang, Shi: Real-Time Video Super-Resolution with Spatio-Temporal Networks and Motion Compensation,
// CVPR 2017, arXiv 1611.05250.
//   I'_i = I_i seen D_i further, D_i = flow(I_t, I_i), for the frames i around the centre t of a window;   F(.., I'_(t-1), I_t, I'_(t+1), ..) the centre enlarged
//   min  E (I_HR - F)^2 + beta sum_i E (I'_i - I_t)^2 + lambda sum_i E H(D_i),   H = sqrt(0.01 + sum of squared differences of D to the right and downwards)
// H is a root for each pixel. Flows are in pixels of the low frames: reach * tanh of two networks, coarse and fine, added. Frames are Y of YCbCr, reduced by
// MATLAB's bicubic imresize. With skip=bicubic, which the paper does not have, F adds to the bicubic enlargement of the centre, which short trainings need.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/vespcn.h"
#include "gan/pictures.h"
#include "gan/uses/super_resolution.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

constexpr double kSmoothness = 0.01;   // epsilon of H

// Of flows [N, H, W, 2]: mean over pixels of H.
Tensor roughness(const Tensor& flow) {
  const int64_t h = flow.dim(1), w = flow.dim(2);
  const Tensor inner = slice(slice(flow, 1, 0, h - 1), 2, 0, w - 1);
  const Tensor down = slice(slice(flow, 1, 1, h), 2, 0, w - 1) - inner, right = slice(slice(flow, 1, 0, h - 1), 2, 1, w) - inner;
  return mean(sqrt(sum(square(down) + square(right), {3}) + kSmoothness));
}

// Frame t of clips [N, F, H, W, C].
Tensor frame(const Tensor& clips, int64_t t) {
  return reshape(slice(clips, 1, t, t + 1), Shape{clips.dim(0), clips.dim(2), clips.dim(3), clips.dim(4)});
}

struct Video {
  int64_t scale, frames;      // of a window
  nn::Net motion, enlarger;   // motion: none without compensation
  bool skip;

  int64_t centre() const { return frames / 2; }
  // Y of a window of low frames -> the same with the neighbours brought to the centre, and their flows; neighbours in order, all in one batch.
  struct Moved { Tensors frames; Tensor flow, warped, centres; };
  Moved moved(const Tensors& low) const {
    Moved m{low, {}, {}, {}};
    if (!motion) return m;
    Tensors neighbours, centres;
    for (int64_t t = 0; t < frames; ++t)
      if (t != centre()) neighbours.push_back(low[size_t(t)]), centres.push_back(low[size_t(centre())]);
    m.centres = concat(centres, 0);
    const Tensors made = motion(Tensors{m.centres, concat(neighbours, 0)});
    m.flow = made[0], m.warped = made[1];
    const int64_t n = low[0].dim(0);
    for (int64_t t = 0, k = 0; t < frames; ++t)
      if (t != centre()) m.frames[size_t(t)] = slice(m.warped, 0, k * n, (k + 1) * n), ++k;
    return m;
  }
  Tensor enlarged(const Tensors& brought, const Tensor& centre_frame) const {
    const Tensor y = enlarger(concat(brought, 3));
    return skip ? y + bicubic(centre_frame, scale) : y;
  }
  // Y of low frames with any sides.
  Tensor luma_of(const Tensors& low) const {
    const auto map = [&](const Tensor& side_by_side) {
      Tensors window;
      for (int64_t t = 0; t < frames; ++t) window.push_back(slice(side_by_side, 3, t, t + 1));
      return enlarged(moved(window).frames, window[size_t(centre())]);
    };
    return translated({.map = map, .in = frames, .unit = 4, .scale = scale}, concat(low, 3));
  }
};

Task enlarging_task(const Video& v) {
  return {"super-resolution", "FRAME...", text("the frames of a clip in their order, each ", v.scale, " times as large"), 1, 1 << 20, [v](const TaskInput& in) {
            std::vector<Tensor> colours, lumas;
            for (const NamedPicture& p : in.pictures) {
              colours.push_back(network_input(p, "picture", p.picture.channels >= 3 ? 3 : 1));
              if (colours.back().dim(1) != colours[0].dim(1) || colours.back().dim(2) != colours[0].dim(2))
                throw UsageError(text(p.name, ": ", colours.back().dim(2), "x", colours.back().dim(1), " pixels, the first frame has ", colours[0].dim(2), "x", colours[0].dim(1), "; frames of a clip have one size"));
              lumas.push_back(luma(colours.back()));
            }
            Results results;
            const int64_t last = int64_t(lumas.size()) - 1;
            for (int64_t t = 0; t <= last; ++t) {
              Tensors window;   // the first and last frame stand in for those beyond them
              for (int64_t k = 0; k < v.frames; ++k) window.push_back(lumas[size_t(std::clamp<int64_t>(t + k - v.centre(), 0, last))]);
              results.add(in.pictures[size_t(t)].name + text("-x", v.scale), with_luma(bicubic(colours[size_t(t)], v.scale), v.luma_of(window)));
            }
            return results.take();
          }};
}

}  // namespace

Recipe vespcn(const Config& c) {
  Video v;
  v.scale = c.integer("scale", 3, "times that frames are enlarged", 2, 8);
  v.frames = std::stoi(c.choice("window", {"3", "1", "5", "7"}, "frames that are seen at once; 1: no neighbours"));
  if (c.data.frames < v.frames) throw UsageError(text("setting window=", v.frames, ": the clips have ", c.data.frames, " frames; use data with frames=", v.frames));
  for (const int64_t side : {c.data.size, c.data.width})
    if (side % (4 * v.scale)) throw UsageError(text("frames of ", c.data.width, "x", c.data.size, ": sides must be multiples of ", 4 * v.scale, ", 4 times the scale; set --size"));
  nets::FrameEnlarger s;
  s.frames = int(v.frames), s.scale = int(v.scale);
  s.layers = int(c.integer("layers", 5, "of the enlarging network; 5, 7 or 9 in the paper", 2, 100));
  s.width = int(c.integer("width", 24, "filters of its layers", 1, 4096));
  const bool several = v.frames > 1;
  s.slow = several && c.choice("fusion", {"early", "slow"}, "all frames meet in the first layer, or two and two in each") == "slow";
  if (s.slow && s.layers < s.frames) throw UsageError(text("setting layers=", s.layers, ": fusion=slow merges ", s.frames, " frames in ", s.frames - 1, " layers, and needs one more"));
  const bool compensated = several && c.flag("compensation", true, "neighbours are brought to the centre frame by a learned flow");
  const int flow_width = compensated ? int(c.integer("flow_width", 24, "filters of the flow's networks", 1, 4096)) : 0;
  const double reach = compensated ? c.number("reach", 8, "pixels of the low frames that each of the two flows can reach", 1e-6, 1e6) : 0;
  const double beta = compensated ? c.number("beta", 0.01, "weight of the difference between neighbours and the centre", 0) : 0;
  const double lambda = compensated ? c.number("lambda", 1e-4, "weight of the flow's roughness; 0.001 in the paper", 0) : 0;
  s.small = v.skip = c.choice("skip", {"bicubic", "none"}, "what the network's picture is added to: bicubic enlargement, or nothing, as in the paper") == "bicubic";
  const double rate = c.number("rate", 1e-3, "learning rate of Adam; 1e-4 in the paper", 0);
  const int64_t before = compensated ? c.integer("pretrain", 0, "iterations in which the flow learns alone") : 0;
  if (c.steps > 0 && before > c.steps) throw UsageError(text("setting pretrain=", before, ": the run has ", c.steps, " iterations"));

  Recipe r;
  v.enlarger = r.net("SR", nets::frame_enlarger(s));
  if (compensated) v.motion = r.net("motion", nets::motion_estimator(flow_width, reach));
  // Y of the window's low frames, and of the high one in its centre.
  const auto low_of = [=](const Batch& b) {
    Tensors low;
    for (int64_t t = 0; t < v.frames; ++t) low.push_back(matlab_resize(luma(frame(b["clip"], t)), 1.0 / double(v.scale)));
    return low;
  };
  const auto high_of = [=](const Batch& b) { return frame(b["clip"], v.centre()); };
  const auto differences = [=](const Video::Moved& m, double weight, double smoothness) -> Losses {
    const double each = double(v.frames - 1);   // means over the batch of neighbours, sums over neighbours
    return {{"warp", (weight * each) * nn::mse(m.warped, m.centres), text(weight, " sum E (I' - I)^2")}, {"smooth", (smoothness * each) * roughness(m.flow), text(smoothness, " sum E H(D)")}};
  };
  const nn::Optim adam = nn::adam(rate);
  if (before > 0) {
    r.stage("motion", before);
    r.update("motion", {v.motion}, adam, [=](const Batch& b) { return differences(v.moved(low_of(b)), 1, lambda); });
    r.stage("super-resolution", 0);
  }
  r.update("SR", compensated ? std::vector<nn::Net>{v.enlarger, v.motion} : std::vector<nn::Net>{v.enlarger}, adam, [=](const Batch& b) -> Losses {
    const Tensors low = low_of(b);
    const Video::Moved m = v.moved(low);
    const Tensor squares = nn::mse(v.enlarged(m.frames, low[size_t(v.centre())]), luma(high_of(b)));
    Losses l{{"mse", squares, "E (I_HR - F)^2"}, shown("psnr", decibels(squares), "-10 log10 E (I_HR - F)^2")};
    if (compensated)
      for (Term& t : differences(m, beta, lambda)) l.push_back(std::move(t));
    return l;
  });

  const auto small = [=](const Batch& b) { return clamp(matlab_resize(high_of(b), 1.0 / double(v.scale)), -1, 1); };   // the centre in its colours
  const auto made = [=](const Batch& b) { return with_luma(bicubic(small(b), v.scale), v.luma_of(low_of(b))); };
  r.sample = [=](int64_t n, const Batch& b) { return made(b).rows(0, n); };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    return {{"low", upsample_nearest(small(b), v.scale)}, {"bicubic", clamp(bicubic(small(b), v.scale), -1, 1)}, {"VESPCN", made(b)}, {"high", high_of(b)}};
  };
  r.tasks.push_back(enlarging_task(v));
  add_super_resolution_measures(r, v.scale, [=](const Batch& b) -> Enlarged {
    const Tensors low = low_of(b);
    return {v.luma_of(low), bicubic(low[size_t(v.centre())], v.scale), luma(high_of(b))};
  });
  if (compensated)
    r.measures.push_back({"warp_left", "squared difference of neighbours to the centre after they were brought there, over that before; below 1: they are nearer", [=](const Evaluation& e) {
      double after = 0, before_it = 0;
      e.each_batch([&](const Batch& b) {
        const Tensors low = low_of(b);
        const Video::Moved m = v.moved(low);
        after += nn::mse(m.warped, m.centres, nn::Reduction::sum).item();
        for (int64_t t = 0; t < v.frames; ++t)
          if (t != v.centre()) before_it += nn::mse(low[size_t(t)], low[size_t(v.centre())], nn::Reduction::sum).item();
      });
      return after / before_it;
    }});
  return r;
}

}  // namespace ganymede

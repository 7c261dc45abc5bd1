#include "gan/uses/translate.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "engine/out_of_memory.h"
#include "gan/data/transform.h"
#include "gan/metrics/similarity.h"
#include "gan/parts/lab.h"
#include "gan/pictures.h"

namespace ganymede {

nn::Optim falling_rate(const nn::Optim& o, const Config& c, double part) {
  if (c.steps == 0 || part >= 1) return o;
  return o.with(nn::linear_decay(int64_t(part * double(c.steps)), c.steps));
}

Direction direction_of(const Config& c) {
  Direction d{"a", "b", c.data.input_channels, c.data.channels};
  if (c.choice("direction", {"AtoB", "BtoA"}, "which side of a pair is the input") == "BtoA") d = {d.target, d.input, d.out, d.in};
  if (d.in == 1 && d.out == 3) d.lab = c.choice("colours", {"rgb", "lab"}, "what is made of a grey picture: red, green and blue, or the colours a and b of Lab for its lightness, which stays as it is") == "lab";
  return d;
}

void require_equal_channels(const Config& c, const std::string& why) {
  if (c.data.input_channels != c.data.channels)
    throw UsageError(text(why, ", so they have as many channels; these data have ", c.data.input_channels, " and ", c.data.channels, "; set --channels or take others"));
}

Tensor Direction::given(const Tensor& input) const { return lab ? lightness(input) : input; }
Tensor Direction::wanted(const Tensor& target) const { return lab ? chroma(target) : target; }
Tensor Direction::picture(const Tensor& given, const Tensor& made) const { return lab ? from_lab(given, made) : made; }

Tensor translated(const Translator& t, const Tensor& x) {
  const int64_t h = x.dim(1), w = x.dim(2), below = (t.unit - h % t.unit) % t.unit, right = (t.unit - w % t.unit) % t.unit;
  if (!below && !right) return t.map(x);
  const Padding how = below < h && right < w ? Padding::reflect : Padding::replicate;
  const Tensor y = t.map(pad(x, {.right = right, .bottom = below}, how));
  return pad(y, {.right = -right * t.scale, .bottom = -below * t.scale}, Padding::zero);
}

Tensor in_chunks(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int64_t chunk) {
  Tensors parts;
  for (int64_t at = 0; at < x.dim(0); at += chunk) parts.push_back(f(x.rows(at, std::min(at + chunk, x.dim(0)))));
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

Tensor showable(const Tensor& x) { return x.dim(3) == 2 ? pad_zero(x, {0, 0, 0, 0}, {0, 0, 0, 1}) : x; }

std::string read_from(const Config& settings) {
  std::vector<std::string> words{"picture"};
  for (const std::string& t : data::transform_names()) words.push_back(t);
  return settings.choice("from", words, "what the network is given: the picture, or what is made of it as in made pairs");
}

Tensor network_input(const NamedPicture& picture, const std::string& from, int64_t channels) {
  const auto refuse = [&](int64_t has) {
    throw UsageError(text(picture.name, ": the model takes pictures of ", channels, channels == 1 ? " channel" : " channels", ", from=", from, " gives ", has,
                          channels == 2 ? "; use from=gradients" : "; use from=picture"));
  };
  data::Image image;
  const auto read = [&](int64_t c) {
    const data::Picture p = data::with_channels(picture.picture, c);
    image = {p.height, p.width, c, std::vector<float>(size_t(p.height * p.width * c))};
    data::to_float(p, image.values.data());
  };
  if (from == "picture") {
    if (channels != 1 && channels != 3) refuse(picture.picture.channels);
    read(channels);
  } else {
    const data::Transform how = data::transform_named(from);
    read(data::channels_after(how, 3) == channels ? 3 : 1);
    if (data::channels_after(how, image.channels) != channels) refuse(data::channels_after(how, image.channels));
    data::Random random(0, 0);
    image = data::transformed(image, how, random);
  }
  const Shape shape{1, image.height, image.width, channels};
  return tensor(image.values, shape, context().dtype, context().device);
}

void Results::add(const std::string& name, const Tensor& pictures) {
  const std::vector<data::Picture> made = to_pictures(showable(pictures));
  for (size_t i = 0; i < made.size(); ++i) add(made.size() == 1 ? name : name + "_" + std::to_string(i + 1), made[i]);
}

namespace {

// What the network makes of a picture, or of several of its size. UsageError that names it where the network takes none of that size.
Tensor made_of(const NamedPicture& p, const std::function<Tensor()>& f) {
  try {
    return f();
  } catch (const UsageError&) {
    throw;
  } catch (const OutOfMemory&) {
    throw;
  } catch (const Error& e) {
    throw UsageError(text(p.name, ": ", p.picture.width, "x", p.picture.height, " pixels do not fit this network (", e.what(), ")"));
  }
}

}  // namespace

Task translate_task(const Translator& t) {
  const auto run = [t](const TaskInput& in) {
    const std::string from = read_from(in.settings);
    const size_t together = size_t(in.settings.integer("together", 1, "pictures of one size that go through the network as a batch", 1, 4096));
    std::vector<Tensor> outputs(in.pictures.size());
    for (size_t at = 0; at < in.pictures.size();) {
      Tensors group;
      const size_t first = at;
      for (; at < in.pictures.size() && group.size() < together; ++at) {
        const Tensor x = network_input(in.pictures[at], from, t.in);
        if (!group.empty() && x.shape() != group[0].shape()) break;
        group.push_back(x);
      }
      const Tensor x = concat(group, 0);
      std::vector<Tensors> drawn(group.size());
      for (int64_t k = 0; k < (t.draws ? in.n : 1); ++k) {
        const Tensor y = made_of(in.pictures[first], [&] { return translated(t, x); });
        for (size_t i = 0; i < drawn.size(); ++i) drawn[i].push_back(y.rows(int64_t(i), int64_t(i) + 1));
      }
      for (size_t i = 0; i < drawn.size(); ++i) outputs[first + i] = concat(drawn[i], 0);
    }
    Results results;
    for (size_t i = 0; i < outputs.size(); ++i) results.add(in.pictures[i].name, outputs[i]);
    return results.take();
  };
  return {"translate", "PICTURE...", "the pictures on the other side, of any size, under their names", 1, 1 << 20, run, t.draws};
}

PictureMap exported_map(const std::string& name, const Translator& t) { return picture_map(name, name == "translate" ? "the pictures on the other side" : "pictures of the other side back on this one", t.map, t.in, t.unit); }

Task score_task(std::function<Tensor(const Tensor&, const Tensor&)> judge, const Direction& d, bool pairs) {
  const auto run = [=](const TaskInput& in) {
    const std::string from = pairs ? read_from(in.settings) : "picture";
    const size_t step = pairs ? 2 : 1;
    if (in.pictures.size() % step) throw UsageError("task score: it takes INPUT RESULT pairs, so an even number of pictures, not " + std::to_string(in.pictures.size()));
    Results results;
    for (size_t i = 0; i < in.pictures.size(); i += step) {
      const NamedPicture& judged = in.pictures[i + step - 1];
      const Tensor y = network_input(judged, "picture", d.out), x = pairs ? network_input(in.pictures[i], from, d.in) : y;
      if (x.dim(1) != y.dim(1) || x.dim(2) != y.dim(2))
        throw UsageError(text("task score: ", in.pictures[i].name, " is ", x.dim(2), "x", x.dim(1), ", ", judged.name, " is ", y.dim(2), "x", y.dim(1), "; a pair has one size"));
      const Tensor scores = made_of(judged, [&] { return judge(x, y); });
      results.add(judged.name, resize_nearest(scores * 2.0 - 1.0, y.dim(1), y.dim(2)));
    }
    return results.take();
  };
  return {"score", pairs ? "INPUT RESULT..." : "PICTURE...", "the discriminator's score map: white where it takes the picture for real", pairs ? 2 : 1, 1 << 20, run};
}

Measure mean_measure(const std::string& name, const std::string& text, std::function<double(const Batch&)> f) {
  return {name, text, [f = std::move(f)](const Evaluation& e) {
            double sum = 0, samples = 0;
            e.each_batch([&](const Batch& b) { sum += f(b) * double(b.size), samples += double(b.size); });
            require(samples > 0, "nothing to measure: the test split is empty");
            return sum / samples;
          }};
}

Measure quotient_measure(const std::string& name, const std::string& text, std::function<std::pair<double, double>(const Batch&)> f) {
  return {name, text, [=, f = std::move(f)](const Evaluation& e) {
            double above = 0, below = 0;
            e.each_batch([&](const Batch& b) {
              const auto [x, y] = f(b);
              above += x, below += y;
            });
            require(below > 0, name, ": the test pictures have none of what it divides by, so there is nothing to compare with");
            return above / below;
          }};
}

Measure lpips_measure(const std::string& name, const std::string& text, std::function<std::pair<Tensor, Tensor>(const Batch&)> f) {
  Measure m{name, text + "; needs --features with weights of LPIPS", [=, f = std::move(f)](const Evaluation& e) {
              if (!e.lpips) return std::nan("");
              return mean_measure(name, text, [&](const Batch& b) {
                       const auto [x, y] = f(b);
                       return e.lpips(x, y);
                     }).value(e);
            }};
  m.perceives = true;
  return m;
}

namespace {

// Differences of neighbours, and of those differences in turn (which blur loses first), down and to the right.
Tensors slopes(const Tensor& x) {
  const int64_t h = x.dim(1), w = x.dim(2);
  return {slice(x, 1, 1, h) - slice(x, 1, 0, h - 1), slice(x, 2, 1, w) - slice(x, 2, 0, w - 1)};
}
Tensors curvatures(const Tensor& x) {
  const int64_t h = x.dim(1), w = x.dim(2);
  return {slice(x, 1, 2, h) + slice(x, 1, 0, h - 2) - 2.0 * slice(x, 1, 1, h - 1), slice(x, 2, 2, w) + slice(x, 2, 0, w - 2) - 2.0 * slice(x, 2, 1, w - 1)};
}

// How much of f(target) the outputs hold: <f(output), f(target)> / <f(target), f(target)>. Blur lowers it; noise, which knows
// nothing of the target, leaves it where it is.
Measure kept_measure(const std::string& name, const std::string& text, Tensors (*f)(const Tensor&), const std::string& target, const std::function<Tensor(const Batch&)>& made) {
  return quotient_measure(name, text, [=](const Batch& b) {
    double both = 0, truth = 0;
    const Tensors out = f(made(b)), right = f(b[target]);
    for (size_t i = 0; i < out.size(); ++i) both += sum(out[i] * right[i]).item(), truth += sum(square(right[i])).item();
    return std::pair{both, truth};
  });
}

// Of outputs over targets, each a mean over the test pictures.
Measure ratio_measure(const std::string& name, const std::string& text, const std::function<double(const Tensor&)>& f, const std::string& target, const std::function<Tensor(const Batch&)>& made) {
  return quotient_measure(name, text, [=](const Batch& b) { return std::pair{f(made(b)) * double(b.size), f(b[target]) * double(b.size)}; });
}

Tensor averaged(const Tensor& x, int side) { return side == 1 ? x : average_pool(x, {{side, side}, {side, side}}); }

// Spread between the colours of 4x4 pixels together, so that coloured noise does not count as colour.
double saturation(const Tensor& x) {
  const Tensor y = averaged(x, x.dim(1) >= 4 && x.dim(2) >= 4 ? 4 : 1);
  return mean(max(y, {3}) - min(y, {3})).item();
}

// What means over `side` x `side` pixels lose when they are taken over twice as many: an octave of the spectrum.
double band_energy(const Tensor& x, int side) {
  const int64_t h = x.dim(1) / (2 * side) * 2 * side, w = x.dim(2) / (2 * side) * 2 * side;
  if (!h || !w) return 0;
  const Tensor fine = averaged(slice(slice(x, 1, 0, h), 2, 0, w), side), coarse = averaged(fine, 2);
  return mean(square(fine - resize_nearest(coarse, fine.dim(1), fine.dim(2)))).item();
}

}  // namespace

void add_pair_measures(Recipe& r, const Direction& d, const std::function<Tensor(const Batch&)>& made) {
  const std::string target = d.target;
  r.measures.push_back(mean_measure("l1", "mean |output - target|, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(made(b) - b[target])).item(); }));
  r.measures.push_back(mean_measure("l2", "mean (output - target)^2, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(square(made(b) - b[target])).item(); }));
  r.measures.push_back(kept_measure("sharpness", "how much of the differences of neighbours in the target the output has: <d out, d target> / <d target, d target>; 1 is alike, less is blurred; noise adds nothing", slopes, target, made));
  r.measures.push_back(kept_measure("detail", "the same of second differences (the high frequencies)", curvatures, target, made));
  for (const int side : {1, 2, 4})
    r.measures.push_back(ratio_measure(text("spectrum_", side), text("energy of details of ", side, " to ", 2 * side, " px, of outputs over targets; 1 is alike, less is blurred, more is noise or invented; needs sharpness beside it"),
                                       [=](const Tensor& x) { return band_energy(x, side); }, target, made));
  r.measures.push_back(lpips_measure("lpips", "perceptual distance of output and target (LPIPS); 0 is best", [=](const Batch& b) { return std::pair{made(b), b[target]}; }));
  if (d.out != 3) return;
  r.measures.push_back(ratio_measure("saturation", "mean spread between the colours of 4x4 pixels, of outputs over targets; 1 is alike, less is greyer", saturation, target, made));
}

namespace {

using Planes = std::vector<metrics::Plane>;

// Of pictures and of what they should be, one by one, in bytes; the mean.
double compared(const Tensor& pictures, const Tensor& target, const std::function<double(const Planes&, const Planes&)>& f) {
  const std::vector<data::Picture> ours = to_pictures(pictures), truth = to_pictures(target);
  double sum = 0;
  for (size_t i = 0; i < ours.size(); ++i) sum += f(metrics::planes(ours[i]), metrics::planes(truth[i]));
  return sum / double(ours.size());
}

double ssim_of(const Tensor& pictures, const Tensor& target) {
  if (std::min(pictures.dim(1), pictures.dim(2)) < 11) return std::nan("");   // its window
  return compared(pictures, target, [](const Planes& a, const Planes& b) { return metrics::ssim(a, b); });
}

}  // namespace

double psnr_of(const Tensor& pictures, const Tensor& target) {
  return compared(pictures, target, [](const Planes& a, const Planes& b) { return metrics::psnr(a, b); });
}

void add_restoration_measures(Recipe& r, const Direction& d, const std::function<Tensor(const Batch&)>& made) {
  const auto add = [&](const std::string& name, const std::string& what, const std::function<double(const Batch&)>& f) { r.measures.push_back(mean_measure(name, what, f)); };
  const auto input = [from = d.input](const Batch& b) { return b[from]; };
  const auto target = [to = d.target](const Batch& b) { return b[to]; };
  add("psnr", "PSNR to the target in dB, all channels, 8 bit, mean over pictures", [=](const Batch& b) { return psnr_of(made(b), target(b)); });
  add("ssim", "SSIM to the target, at most 1, mean over channels and pictures", [=](const Batch& b) { return ssim_of(made(b), target(b)); });
  if (d.in != d.out) return;
  add("psnr_input", "PSNR of the input", [=](const Batch& b) { return psnr_of(input(b), target(b)); });
  add("ssim_input", "SSIM of the input", [=](const Batch& b) { return ssim_of(input(b), target(b)); });
  add("psnr_gain", "psnr minus psnr_input", [=](const Batch& b) { return psnr_of(made(b), target(b)) - psnr_of(input(b), target(b)); });
}

}  // namespace ganymede

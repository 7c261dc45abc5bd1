// What models that turn pictures into pictures share: pictures of any size through a network, tasks and measures.
#pragma once
#include "gan/recipe.h"
#include "nn/optim.h"

namespace ganymede {

// The rate for this part of the run's steps, then linearly to 0 at its end; constant where the run is open or part is 1.
nn::Optim falling_rate(const nn::Optim& o, const Config& c, double part);

// Whether recipes translate from field a to field b or back, the channels on both sides, and what of them a network is for: the
// pictures, or (lab) two Lab colours for the lightness of the input (lab.h).
struct Direction {
  std::string input = "a", target = "b";
  int64_t in = 1, out = 1;
  bool lab = false;

  int64_t made() const { return lab ? 2 : out; }                       // channels that the network makes
  Tensor given(const Tensor& input) const;                             // what it sees of pictures of the input side
  Tensor wanted(const Tensor& target) const;                           // what it is to make of them
  Tensor picture(const Tensor& given, const Tensor& made) const;       // and the picture that this is
};
// Reads the setting `direction` and, from one channel to three, `colours`.
Direction direction_of(const Config& c);
// UsageError unless both sides have as many channels; why: who needs it, and for what.
void require_equal_channels(const Config& c, const std::string& why);

// A map of pictures [n, H, W, in] in [-1, 1] whose sides are multiples of `unit`; its results are `scale` times as large.
struct Translator {
  std::function<Tensor(const Tensor&)> map;
  int64_t in = 3, unit = 1, scale = 1;
  bool draws = false;          // it has noise of its own: each of several results is another
};
// Pictures of any size: reflected at the lower and right border up to multiples of the unit (repeated there if the picture is
// too small to be reflected), mapped, cut back.
Tensor translated(const Translator& t, const Tensor& x);
// f of x, `chunk` samples at a time: batch norm by the batch's statistics then sees as many as in training.
Tensor in_chunks(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int64_t chunk);

// [n, H, W, C] with 1 or 3 channels: two channels (gradients) get a third that is 0.
Tensor showable(const Tensor& x);

// A picture [1, H, W, channels] as the network wants it. from: "picture", or a transform of data::Transform made of it first
// ("edges", "colourise", ...), which models of made pairs were trained on. UsageError where the channels do not fit.
Tensor network_input(const NamedPicture& picture, const std::string& from, int64_t channels);
// The setting that says which.
std::string read_from(const Config& settings);

// Results named as their inputs, name_1, name_2, ... where there are several of one.
class Results {
 public:
  void add(const std::string& name, const Tensor& pictures);            // one of [n, ...] for each of n names given in turn
  void add(const std::string& name, const data::Picture& picture) { all_.push_back({name, {picture}}); }
  std::vector<Result> take() { return std::move(all_); }
 private:
  std::vector<Result> all_;
};

// The map of a translator for `export`; name: "translate" or "translate-back".
PictureMap exported_map(const std::string& name, const Translator& t);
// `translate`: every picture by itself or, with together=N, N of one size in a batch; n outputs of each.
Task translate_task(const Translator& t);
// `score`: the discriminator's opinion as a picture of the same size, white where it takes the picture for real. judge maps
// pictures to [n, h, w, 1] in [0, 1]; pairs: inputs come as INPUT RESULT INPUT RESULT ...
Task score_task(std::function<Tensor(const Tensor& input, const Tensor& result)> judge, const Direction& d, bool pairs);

// Mean of f over the samples of the test split that are looked at.
Measure mean_measure(const std::string& name, const std::string& text, std::function<double(const Batch&)> f);
// What the first of f's numbers sums to over those samples, over what the second does. Error where that is nothing.
Measure quotient_measure(const std::string& name, const std::string& text, std::function<std::pair<double, double>(const Batch&)> f);
// Mean LPIPS of pairs of pictures that f makes of those samples; for evaluations with a network for it.
Measure lpips_measure(const std::string& name, const std::string& text, std::function<std::pair<Tensor, Tensor>(const Batch&)> f);

// Of a model of pairs, made(batch) its outputs: l1 and l2 to the target, how much of the target's sharpness and detail the
// outputs hold, and how saturated they are beside the targets (1: alike; below: blurred, greyer).
void add_pair_measures(Recipe& r, const Direction& d, const std::function<Tensor(const Batch&)>& made);

// PSNR in dB of pictures [n, H, W, C] in [-1, 1] to others, all channels, 8 bit, mean over pictures.
double psnr_of(const Tensor& pictures, const Tensor& target);
// Of a model that restores pictures: psnr and ssim (over all channels, 8 bit, mean over pictures) of made(batch) to the target and, where the input is a
// picture of as many channels, of the input (psnr_input, ssim_input) and the gain (psnr_gain).
void add_restoration_measures(Recipe& r, const Direction& d, const std::function<Tensor(const Batch&)>& made);

// Of a model of two sides without pairs: samples (of side b, from a), a sheet of both ways there and back, `translate` and `score` with
// direction=AtoB or BtoA, and the measures cycle (there and back), domain (how many results look like the other side), spacing (whether
// distances between pictures are kept) and, where the data know it, truth (what it should have been). The judges map pictures to
// [n, h, w, 1] in [0, 1]. Models of one way alone give a to_a without a map: all of this from a to b.
void add_unpaired_uses(Recipe& r, const Translator& to_b, const Translator& to_a, const std::function<Tensor(const Tensor&)>& judge_b,
                       const std::function<Tensor(const Tensor&)>& judge_a);

// Of data that show triangles (shapes with kinds=triangle): how large the correlation is of the angle by which what stands out in a picture of
// `side` is turned, and of the angle in what is made of it. 0 to 1.
Measure turn_measure(const std::string& name, const std::string& text, const Translator& t, const std::string& side);
// turn_b of to_b and, where it has a map, turn_a of to_a.
void add_turn_measures(Recipe& r, const Translator& to_b, const Translator& to_a);

}  // namespace ganymede

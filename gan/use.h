// What a trained model is for: where its samples come from, what it can do to pictures, what is measured on it. A recipe
// declares these beside its updates; the verbs sample, apply, evaluate and report read them.
#pragma once
#include <any>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "gan/config.h"
#include "gan/data/picture.h"

namespace ganymede {

struct Batch;

// A part of the latent vector that has a meaning of its own (InfoGAN's codes): elements first .. first + count - 1 of z.
struct Code {
  std::string name;
  int64_t first, count;
  bool categorical;            // one-hot over `count` values, of one a bit; otherwise numbers, walked from -2 to 2
};

// The latent space of a generator. z are [n, length]; labels i64 [n], undefined for models without classes.
struct Latent {
  int64_t length = 0;
  int64_t classes = 0;         // > 0: decode wants labels
  std::function<Tensor(int64_t n)> draw = {};                                   // from the prior
  std::function<Tensor(const Tensor& z, const Tensor& labels)> decode = {};     // pictures [n, H, W, C], or points [n, D]
  std::function<Tensor(const Tensor& x)> encode = {};                           // pictures to z (the mean), if there is an encoder
  std::vector<Code> codes = {};
  double temperature = 1;      // deviation of the noise that sheets are drawn from, in that of the prior: below 1, fewer odd samples and less variety; normal priors only
  bool normal = true;          // the prior is a standard normal: spherical interpolation and truncation make sense
  bool one_pass = true;        // decode is a graph, in which z has a gradient: it can be inverted and exported
  // Of models with a truncation of their own: decode, in a space where samples are drawn towards the mean, by psi: 1 as they are, 0 the mean.
  std::function<Tensor(const Tensor& z, const Tensor& labels, double psi)> truncated = {};
  explicit operator bool() const { return decode != nullptr; }
};

// Models that draw what a caption says. A batch of captions has the fields "tokens" and "characters" (gan/uses/captions.h).
struct Captions {
  int64_t length = 0;          // of z
  std::function<Tensor(int64_t n)> draw = {};                                   // z from the prior
  std::function<Tensor(const Batch& captions)> encode = {};                     // vectors [n, width]; those between two captions are captions too
  std::function<Tensor(const Tensor& z, const Tensor& text)> decode = {};       // pictures [n, H, W, C]
  explicit operator bool() const { return decode != nullptr; }
};

// What a discriminator says of points [n, D]: shown behind sheets of points.
struct Field {
  std::string name;                                                             // "D(x)"
  std::function<Tensor(const Tensor& points)> value = {};                       // [n] or [n, 1]
  bool probability = false;                                                     // in [0, 1]; else on a scale of its own
  explicit operator bool() const { return value != nullptr; }
};

// A column of a sample sheet: what one row's sample looks like in one role, such as input, output and target.
struct Column {
  std::string title;
  Tensor pictures;             // [n, H, W, 1 or 3] in [-1, 1]
};

struct NamedPicture {
  std::string name;            // without folder and extension
  data::Picture picture;
};

// One thing that a task made: a picture, the frames of an animation, or numbers.
struct Result {
  std::string name;            // file name without extension
  std::vector<data::Picture> frames = {};
  double frames_per_second = 0;  // of an animation
  std::string json = {};       // written to name.json if not empty
};

struct TaskInput {
  std::vector<NamedPicture> pictures;
  const Config& settings;      // --set of this call, read like a recipe's
  int64_t n = 1;               // outputs for each input, where the task draws
};

// `ganymede apply RUN NAME IN... --out DIR`. Runs with the network in sampling mode and the run's random streams seeded.
struct Task {
  std::string name, inputs, help;   // inputs: what the pictures are, in words: "PASTED MASK"
  int least = 1, most = 1 << 20;    // number of pictures
  std::function<std::vector<Result>(const TaskInput&)> run;
  bool draws = false;               // makes TaskInput::n results of each input
};

// A function of pictures [n, H, W, channels] in [-1, 1], whose sides are multiples of `unit`, and of vectors, to pictures: what `export` can write as a file.
struct PictureMap {
  struct Vector {
    std::string name;
    int64_t length;
  };
  std::string name, help;           // help: what the results are
  std::function<Tensor(const Tensor& pictures, const std::vector<Tensor>& vectors)> map;
  int64_t channels = 3, unit = 1;
  std::vector<Vector> vectors = {};
};
// Of pictures alone.
inline PictureMap picture_map(std::string name, std::string help, std::function<Tensor(const Tensor&)> map, int64_t channels, int64_t unit = 1) {
  return {std::move(name), std::move(help), [map = std::move(map)](const Tensor& x, const std::vector<Tensor>&) { return map(x); }, channels, unit};
}

// What `evaluate` can ask of a model beside the measures that every model has.
struct Evaluation {
  int64_t samples;                                                           // about how many to look at
  std::function<void(const std::function<void(const Batch&)>&)> each_batch;  // of the test split, in order, about `samples` in all
  std::function<Tensor(const Tensor& pictures)> classify = {};               // logits [n, classes] of a classifier that was trained on the labels, for measures that ask for it
  // Mean LPIPS of pairs of pictures, rows of two tensors [n, H, W, C] in [-1, 1], by the network of --features, for measures that ask for it.
  std::function<double(const Tensor& a, const Tensor& b)> lpips = {};
  std::vector<std::string> class_names = {};
  std::shared_ptr<std::map<std::string, std::any>> found = std::make_shared<std::map<std::string, std::any>>();

  // What several measures are read off, found once for all of this evaluation. It must not draw noise: each measure begins with the same seed.
  template <class T>
  const T& once(const std::string& name, const std::function<T()>& find) const {
    std::any& kept = (*found)[name];
    if (!kept.has_value()) kept = find();
    return std::any_cast<const T&>(kept);
  }
};
struct Measure {
  std::string name, text;      // text: what it is, its range, and its convention
  std::function<double(const Evaluation&)> value;  // not a number: these data lack what it needs
  bool classifies = false;     // asks for Evaluation::classify
  bool perceives = false;      // asks for Evaluation::lpips
};

}  // namespace ganymede

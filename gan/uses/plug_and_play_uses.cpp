#include "gan/uses/plug_and_play_uses.h"

#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/metrics/trained_classifier.h"
#include "gan/pictures.h"
#include "gan/uses/inpaint.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

constexpr double kSpread = 0.1;   // deviation around the code of a picture with a hole, so that each filling is another

Tensor log_probability(const Tensor& logits, const Tensor& labels) { return sum(log_softmax(logits) * one_hot(labels, logits.dim(1)), {1}); }
Tensor labels_of(int64_t n, int64_t label) { return full(Shape{n}, double(label), DType::i64, context().device); }

double read_start(const Config& c, double standard) { return c.number("start", standard, "deviation of the codes from which walks begin", 0); }
Walk read_walk(const Config& c, const Walk& standard) {
  Walk w;
  w.steps = c.integer("walk", standard.steps, "steps of a code that becomes a sample", 0, 1000000);
  w.prior = c.number("eps1", standard.prior, "pull of E(G(h)) - h: towards what is probable; the authors: 0.00001", 0);
  w.condition = c.number("eps2", standard.condition, "of the slope of what is wanted", 0);
  w.noise = c.number("eps3", standard.noise, "deviation of the noise in each step; the authors: 1e-17", 0);
  w.step = c.number("step", standard.step, "mean absolute change of a code in the first step ...", 0);
  w.last_step = c.number("last_step", standard.last_step, "... and in the last; the authors: 1 in both", 0);
  return w;
}

// Networks that were trained on the labels of other data, by their specification.
class OtherClassifiers {
 public:
  explicit OtherClassifiers(const DataFacts& facts) : size_(facts.size), channels_(facts.channels) {}
  // Logits [n, classes] of pictures of the model's size; trained (or found in the cache) when it is first asked for.
  std::function<Tensor(const Tensor&)> of(const std::string& data) {
    nn::Net& network = known_[data];
    if (!network) network = metrics::trained_classifier({.data = data, .size = size_, .channels = channels_}, [](const std::string& line) { std::cerr << "ganymede: " << line << "\n"; }).network.net;
    return [network](const Tensor& x) { return network.infer(x); };
  }

 private:
  int64_t size_, channels_;
  std::map<std::string, nn::Net> known_;
};

// How much something is wanted of pictures, and as people read it.
struct Wish {
  Wanted wanted;
  std::function<Tensor(const Tensor& wanted)> value;     // of what is wanted
  std::string name;
};

Wish read_wish(const Config& c, OtherClassifiers& others, const PlugAndPlayUses& uses) {
  const int64_t channel = c.integer("channel", -1, "of the encoder's last maps, whose middle value is to grow in the place of a class; -1: a class", -1);
  if (channel >= 0) {
    const auto middle = [=](const Tensor& x, const Tensor&) {
      const Tensor m = uses.maps(x);
      if (channel >= m.dim(3)) throw UsageError(text("setting channel=", channel, ": the maps have ", m.dim(3), " channels, 0 to ", m.dim(3) - 1));
      return reshape(slice(slice(slice(m, 1, m.dim(1) / 2, m.dim(1) / 2 + 1), 2, m.dim(2) / 2, m.dim(2) / 2 + 1), 3, channel, channel + 1), Shape{m.dim(0)});
    };
    return {middle, [](const Tensor& v) { return v; }, "value"};
  }
  const std::string of = c.words("of", "", "data on whose labels another classifier is trained, which says what class is; without: the network that the model's samples are drawn by", {"shapes:single,label=colour", "fashion-mnist"});
  const int64_t label = c.integer("class", 0, "that is wanted", 0);
  const auto other = of.empty() ? nullptr : others.of(of);
  const auto wanted = [=](const Tensor& x, const Tensor& code) {
    const Tensor said = other ? other(x) : uses.classes(code);
    if (label >= said.dim(1)) throw UsageError(text("setting class=", label, ": there are ", said.dim(1), " classes, 0 to ", said.dim(1) - 1));
    return log_probability(said, labels_of(x.dim(0), label));
  };
  return {wanted, [](const Tensor& v) { return exp(v); }, "probability"};
}

// A sheet, the pictures, and what is known of each.
std::vector<Result> results_of(const Tensor& x, const Wish& wish, const PlugAndPlayUses& uses) {
  const auto pictures = to_pictures(x);
  const Tensor code = uses.between.encode(x);
  const std::vector<double> values = wish.value(wish.wanted(x, code)).to_doubles();
  const std::vector<int64_t> own = argmax(uses.classes(code), 1).to_integers();
  nlohmann::json list = nlohmann::json::array();
  std::vector<Result> results{{"sheet", {sheet(x)}}};
  for (size_t i = 0; i < pictures.size(); ++i) {
    results.push_back({text("drawn-", i + 1), {pictures[i]}});
    list.push_back({{"picture", text("drawn-", i + 1)}, {wish.name, values[i]}, {"class", own[i]}});
  }
  results.push_back({"drawn", {}, 0, list.dump(1)});
  return results;
}

}  // namespace

void add_plug_and_play_uses(Recipe& r, const Config& c, const PlugAndPlayUses& uses) {
  const Walk walk = read_walk(c, {});
  const double start = read_start(c, 1);
  const PlugAndPlay between = uses.between;
  const auto others = std::make_shared<OtherClassifiers>(c.data);
  const auto by_class = [=](const Tensor& labels) { return [=](const Tensor&, const Tensor& code) { return log_probability(uses.classes(code), labels); }; };
  const auto seen = [=](const Tensor& x) { return uses.classes(between.encode(x)); };
  r.latent = {.length = uses.features, .classes = c.data.classes, .draw = [n = uses.features](int64_t rows) { return randn({rows, n}); }, .one_pass = false};
  r.latent.decode = [=](const Tensor& z, const Tensor& labels) { return between.generate(walked(between, walk, by_class(labels), z * start)); };

  r.tasks.push_back({"draw", "[PICTURE...]", "what is wanted: class=K, of the model's classes or of a classifier of other data (of=DATA), or much of a unit (channel=K); -n pictures from noise, or what pictures become", 0, 4096,
                     [=, data = c.data](const TaskInput& in) {
    const Walk on = read_walk(in.settings, walk);
    const double from = in.pictures.empty() ? read_start(in.settings, start) : 0;
    const Wish wish = read_wish(in.settings, *others, uses);
    in.settings.check_all_read();
    if (!in.pictures.empty() && in.n > 1) throw UsageError(text("task draw: -n ", in.n, ": pictures become one each; without pictures it draws so many"));
    Tensors starts;
    for (const NamedPicture& p : in.pictures) starts.push_back(between.encode(as_input(p.picture, data)));
    if (starts.empty()) starts.push_back(randn({in.n, uses.features}, 0, from));
    return results_of(between.generate(walked(between, on, wish.wanted, concat(starts, 0))), wish, uses);
  }, true});
  r.tasks.push_back({"fill", "PICTURE MASK", "the light part of the mask drawn anew, as a part of what is wanted, -n times", 2, 2, [=, data = c.data](const TaskInput& in) {
    const Walk on = read_walk(in.settings, walk);
    const Wish wish = read_wish(in.settings, *others, uses);
    const double context_weight = in.settings.number("context", 10, "weight of the mean squared difference outside the hole", 0);
    in.settings.check_all_read();
    const Tensor x = as_input(in.pictures[0].picture, data), hole = hole_of(as_input(in.pictures[1].picture, data), in.pictures[1].name);
    const auto filled = [=](const Tensor& made) { return x + (made - x) * hole; };
    const PlugAndPlay holed{between.generate, [=](const Tensor& made) { return between.encode(filled(made)); }};
    const auto wanted = [=](const Tensor& made, const Tensor& code) { return wish.wanted(filled(made), code) - mean(square((made - x) * (1.0 - hole)), {1, 2, 3}) * context_weight; };
    const Tensor first = between.encode(broadcast_to(x * (1.0 - hole), Shape{in.n, x.dim(1), x.dim(2), x.dim(3)}));
    return results_of(filled(between.generate(walked(holed, on, wanted, first + randn(first.shape(), 0, kSpread)))), wish, uses);
  }, true});

  const auto again = [=](const Batch& b) { return between.generate(between.encode(b.image())); };
  r.measures.push_back(mean_measure("kept-class", "share of test pictures x in which C sees the same in G(E(x)), 0 to 1", [=](const Batch& b) { return class_accuracy(seen(again(b)), argmax(seen(b.image()), 1)).item(); }));
  r.measures.push_back(mean_measure("psnr", "of G(E(x)) beside x, dB", [=](const Batch& b) { return psnr_of(again(b), b.image()); }));
  r.measures.push_back(mean_measure("psnr-reduced", "of x reduced to an eighth of its sides and enlarged, cubic", [=](const Batch& b) {
    const Tensor& x = b.image();
    return psnr_of(resize(resize(x, x.dim(1) / 8, x.dim(2) / 8, Interpolation::cubic, false, true), x.dim(1), x.dim(2), Interpolation::cubic, false, false), x);
  }));
  const auto drawn = [=, n = uses.features](const Walk& walk, const Tensor& labels) { return between.generate(walked(between, walk, by_class(labels), randn({labels.dim(0), n}, 0, start))); };
  r.measures.push_back(mean_measure("reached", "share of samples to whose class the network they are drawn by gives a probability above 0.9", [=, classes = c.data.classes](const Batch& b) {
    const Tensor labels = random_integers({b.size}, classes), sure = full(Shape{1}, std::log(0.9), DType::f32, context().device);
    return mean(cast(greater(log_probability(seen(drawn(walk, labels)), labels), sure), DType::f32)).item();
  }));
  const auto shows = [&](const char* name, const std::string& how, double Walk::*without) {
    Walk on = walk;
    if (without) on.*without = 0;
    r.measures.push_back({name, "share of samples" + how + " in which a classifier that was trained apart sees the class they were drawn for", [=, classes = c.data.classes](const Evaluation& e) {
      if (!e.classify) return std::nan("");
      double right = 0, of = 0;
      e.each_batch([&](const Batch& b) {
        const Tensor labels = random_integers({b.size}, classes);
        right += class_accuracy(e.classify(drawn(on, labels)), labels).item() * double(b.size), of += double(b.size);
      });
      return right / of;
    }, true});
  };
  shows("shows-class", "", nullptr), shows("shows-class-free", ", drawn without the pull of what is probable (eps1=0),", &Walk::prior), shows("shows-class-blind", ", drawn without the slope of what is wanted (eps2=0),", &Walk::condition);
}

}  // namespace ganymede

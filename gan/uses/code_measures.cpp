#include "gan/uses/code_measures.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/loader.h"
#include "gan/parts/known_pictures.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace ganymede {
namespace {

constexpr int64_t kCodedPictures = 5000, kCodedBatch = 50, kCodedPasses = 6, kHidden = 256;

// Pictures' codes and attributes, once and for all.
class Codes : public data::Dataset {
 public:
  Codes(const DataFacts& facts, const Attributes& attributes, const std::function<Tensor(const Tensor&)>& encode) {
    const KnownPictures known(facts, kCodedPictures);
    count_ = known.size();
    for (int64_t at = 0; at < count_; at += kCodedBatch) {
      std::vector<int64_t> rows;
      for (int64_t i = at; i < std::min(at + kCodedBatch, count_); ++i) rows.push_back(i);
      const Batch b = Trainer::read_batch(known, rows);
      append(codes_, flatten(encode(b.image()))), append(attributes_, attributes.of(b));
    }
    fields_ = {{"code", {int64_t(codes_.size()) / count_}, data::Kind::real}, {"wanted", {attributes.count()}, data::Kind::real}};
  }
  int64_t size() const override { return count_; }
  std::string describe() const override { return "codes of training pictures"; }
  void read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const override {
    copy(codes_, index, out.real(0, row)), copy(attributes_, index, out.real(1, row));
  }

 private:
  static void append(std::vector<float>& to, const Tensor& x) {
    const auto v = x.to_floats();
    to.insert(to.end(), v.begin(), v.end());
  }
  static void copy(const std::vector<float>& from, int64_t index, std::span<float> to) { std::copy_n(from.begin() + index * int64_t(to.size()), to.size(), to.begin()); }
  int64_t count_ = 0;
  std::vector<float> codes_, attributes_;
};

nn::Net trained_reader(const Codes& codes, const Attributes& attributes) {
  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32, context().training = true, context().recording = true;
  nn::seed_parameters(1);
  const int length = int(codes.field("code")->count());
  const nn::Net net("reader", nn::sequential({nn::linear(length, kHidden, true, nn::init::he_normal(length)), nn::batch_norm(kHidden), nn::relu(), nn::dropout(0.6), nn::linear(kHidden, int(attributes.count()))}));
  const int64_t batch = std::min(kCodedBatch, codes.size()), steps = std::max<int64_t>(10, kCodedPasses * codes.size() / batch);
  Recipe r;
  r.nets = {net};
  r.update("read", {net}, nn::adam(1e-3).with(nn::linear_decay(0, steps)), [=](const Batch& b) -> Losses {
    return {{"attributes", attributes.loss(net(b["code"]), b["wanted"]), "cross entropy of the attributes"}};
  });
  data::Loader loader(codes, batch, 1, 1);
  Trainer trainer(r, {.batch = batch, .seed = 1}, codes.fields(), &loader);
  for (int64_t i = 0; i < steps; ++i) trainer.step();
  return net;
}

}  // namespace

Measure code_accuracy(const Config& c, const Attributes& attributes, const std::function<Tensor(const Tensor&)>& encode) {
  return {"code-accuracy", "share of attributes that a network, trained afresh on codes, reads off the codes of test pictures; that of guessing is best, 1: the code says all", [=, facts = c.data](const Evaluation& e) {
            const nn::Net net = trained_reader(Codes(facts, attributes, encode), attributes);
            double right = 0, of = 0;
            e.each_batch([&](const Batch& b) {
              const Tensor said = attributes.decided(net.infer(cast(flatten(encode(b.image())), DType::f32)));
              right += sum(attributes.alike(said, cast(attributes.of(b), DType::f32))).item(), of += double(b.size) * double(attributes.groups().size());
            });
            require(of > 0, "nothing to measure: the test split is empty");
            return right / of;
          }};
}

}  // namespace ganymede

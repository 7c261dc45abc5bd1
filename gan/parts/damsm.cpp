#include "gan/parts/damsm.h"
#include "gan/uses/text_uses.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

Tensor whole(const Tensor& seen) { return reshape(slice(seen, 1, 0, 1), Shape{seen.dim(0), seen.dim(2)}); }
Tensor regions(const Tensor& seen) { return slice(seen, 1, 1, seen.dim(1)); }

// The number of the word for each class's colour; empty where classes are not named by two words, the first of them one of the captions'.
std::vector<int64_t> colour_tokens(const std::vector<std::string>& classes, const std::vector<std::string>& words) {
  std::vector<int64_t> tokens;
  for (const std::string& name : classes) {
    const auto found = std::find(words.begin(), words.end(), two_words(name).first);
    if (two_words(name).first.empty() || found == words.end()) return {};
    tokens.push_back(found - words.begin());
  }
  return tokens;
}

// A batch's captions with another colour each, that of the next class of another colour, and those classes.
struct Recoloured {
  Batch batch;
  std::vector<int64_t> classes;
};
Recoloured recoloured(const Batch& b, const std::vector<int64_t>& colours) {
  std::vector<int64_t> tokens = b["tokens"].to_integers(), labels = b["label"].to_integers();
  const size_t length = tokens.size() / labels.size();
  for (size_t i = 0; i < labels.size(); ++i) {
    const int64_t own = colours[size_t(labels[i])];
    do labels[i] = (labels[i] + 1) % int64_t(colours.size());
    while (colours[size_t(labels[i])] == own);
    std::replace(tokens.begin() + std::ptrdiff_t(i * length), tokens.begin() + std::ptrdiff_t((i + 1) * length), own, colours[size_t(labels[i])]);
  }
  Recoloured other{b, labels};
  other.batch.fields["tokens"] = tensor(tokens, b["tokens"].shape(), b["tokens"].device());
  return other;
}

using Scores = std::function<Tensor(const Tensor& seen, const Tensor& rows)>;

// Share of pictures whose own caption has a higher score than with its colour replaced.
double edits(const Evaluation& e, const Damsm& damsm, const std::vector<std::string>& words, const Scores& scores) {
  const auto colours = colour_tokens(e.class_names, words);
  if (colours.empty()) return NAN;
  double right = 0, n = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor seen = damsm.image.infer(b.image());
    const auto own = scores(seen, damsm(b)).to_doubles(), other = scores(seen, damsm(recoloured(b, colours).batch)).to_doubles();
    for (int64_t i = 0; i < b.size; ++i) right += own[size_t(i * (b.size + 1))] > other[size_t(i * (b.size + 1))], ++n;
  });
  return right / n;
}

// The attention of the colour's word over its own picture's regions: the mean share that lies in the object's box, over the box's share of the picture.
double localisation(const Evaluation& e, const Damsm& damsm, const std::vector<std::string>& words) {
  const auto colours = colour_tokens(e.class_names, words);
  double inside = 0, area = 0;
  e.each_batch([&](const Batch& b) {
    if (colours.empty() || !b.fields.contains("boxes")) return;
    const Tensor seen = damsm.image.infer(b.image()), rows = damsm(b);
    const int64_t side = std::llround(std::sqrt(double(seen.dim(1) - 1))), places = damsm.row.words;
    const auto tokens = b["tokens"].to_integers(), labels = b["label"].to_integers();
    const auto boxes = b["boxes"].to_doubles();
    const int64_t given = b["tokens"].dim(1);
    const double cell = double(b.image().dim(1)) / double(side);
    for (int64_t i = 0; i < b.size; ++i) {
      const auto own = [&](const Tensor& x) { return slice(x, 0, i, i + 1); };
      const auto begin = tokens.begin() + i * given, found = std::find(begin, begin + std::min(given, places), colours[size_t(labels[size_t(i)])]);
      const double* box = &boxes[size_t(i) * boxes.size() / size_t(b.size) + 1];   // of the main object, behind its class
      const int64_t word = found - begin, length = std::count_if(begin, begin + given, [](int64_t t) { return t > 0; });
      if (length > places || word >= length) continue;   // of longer ones it is not known which words were read
      const auto attention = slice(region_attention(regions(own(seen)), damsm.row.each_word(own(rows)), damsm.row.mask(own(rows)), damsm.sharpness), 2, word, word + 1).to_doubles();
      for (int64_t j = 0; j < side * side; ++j) {
        // The part of the region that lies in the box.
        const auto part = [&](int64_t at, double low, double high) { return std::max(0.0, std::min(high, double(at + 1) * cell) - std::max(low, double(at) * cell)) / cell; };
        const double covered = part(j % side, box[0], box[2]) * part(j / side, box[1], box[3]);
        inside += attention[size_t(j)] * covered, area += covered / double(side * side);
      }
    }
  });
  return area > 0 ? inside / area : NAN;
}

}  // namespace

Tensor Damsm::by_words(const Tensor& seen, const Tensor& rows) const { return word_scores(regions(seen), row.each_word(rows), row.mask(rows), sharpness); }
Tensor Damsm::by_sentence(const Tensor& seen, const Tensor& rows) const { return sentence_scores(whole(seen), row.sentence(rows)); }
Tensor Damsm::loss(const Tensor& x, const Tensor& rows, const Tensor& wrong) const {
  const Tensor seen = image.infer(x);
  return matching_loss(by_words(seen, rows), wrong, sharpness) + matching_loss(by_sentence(seen, rows), wrong, sharpness);
}

Damsm add_damsm(Recipe& r, const Config& c, const Mismatch& mismatch) {
  const DataFacts& d = c.data;
  Damsm m;
  m.row.words = std::min(d.caption_length, c.integer("words", 12, "words of a caption that are read, of longer ones a random part, in order; 18 for birds and 15 for COCO in the authors' code", 1));
  m.row.length = 2 * c.integer("text_units", 32, "units of the text encoder, in each direction; vectors of words and captions are twice as long; 128 in the paper", 1, 4096);
  nets::CaptionEncoderSize s{.row = m.row, .given = d.caption_length, .vocabulary = int64_t(d.words.size())};
  s.embedded = int(c.integer("text_width", 64, "length of a word's vector before the text encoder; 300 in the paper", 1, 4096));
  s.keep = 1 - c.number("text_dropout", 0.5, "share of the numbers of these that is dropped in training", 0, 0.99);
  m.text = r.net("text", nets::caption_encoder(s));
  const int width = int(c.integer("image_width", 24, "channels next to the picture of the network that sees pictures (in the paper Inception-v3, trained on ImageNet)", 1, 4096));
  m.image = r.net("image", nets::region_encoder(int(d.size), int(d.channels), width, int(m.row.length)));
  m.sharpness.regions = c.number("gamma1", 4, "sharpness of a word's attention over regions; 5 in the paper, 4 in the authors' settings", 0);
  m.sharpness.words = c.number("gamma2", 5, "sharpness by which a caption's best words count", 1e-6);
  m.sharpness.rivals = c.number("gamma3", 10, "sharpness of the softmax over a batch", 0);
  m.steps = c.integer("text_steps", c.steps > 0 ? c.steps / 4 : 1000, "iterations that train both, before all others; they are frozen then", 0);
  if (c.steps > 0 && m.steps >= c.steps) throw UsageError(text("setting text_steps=", m.steps, ": the run has ", c.steps, " iterations, so none remain for the GAN; set more --steps"));
  if (m.steps == 0) return m;
  const double rate = c.number("text_rate", 2e-3, "their learning rate (Adam), times 0.98 an epoch down to a tenth", 0);
  const double longest = c.number("text_clip", 0.25, "longest gradient of the text encoder", 1e-9);
  const nn::Optim adam = nn::adam(rate, 0.5).with(nn::decay_every(std::max<int64_t>(1, d.count / std::max<int64_t>(1, c.batch)), 0.98, 0.1));
  r.stage("matching", m.steps);
  r.update("damsm", {{{m.text}, adam.norm_clipped(longest)}, {{m.image}, adam}}, [=](const Batch& b) -> Losses {
    const Tensor rows = m.text(b["tokens"]), seen = m.image(b.image()), wrong = mismatch.all(b);
    return {{"words", matching_loss(m.by_words(seen, rows), wrong, m.sharpness), "-E log P(D_i | Q_i) - E log P(Q_i | D_i) by words"},
            {"sentence", matching_loss(m.by_sentence(seen, rows), wrong, m.sharpness), "the same by sentences"}};
  });
  return m;
}

void add_damsm_measures(Recipe& r, const Config& c, const Damsm& damsm, const Mismatch& mismatch) {
  const std::vector<std::string> words = c.data.words;
  const Captions captions = r.captions;
  const Scores by_words = [=](const Tensor& seen, const Tensor& rows) { return damsm.by_words(seen, rows); }, by_sentence = [=](const Tensor& seen, const Tensor& rows) { return damsm.by_sentence(seen, rows); };
  const auto found = [=, &r](const std::string& name, const std::string& text, int64_t candidates, const std::function<Tensor(const Batch&, const Tensor& rows)>& pictures, const Scores& scores) {
    r.measures.push_back({name, text, [=](const Evaluation& e) {
      return retrieval(e, mismatch, candidates, [=](const Batch& b) {
        const Tensor rows = damsm(b);
        return scores(damsm.image.infer(pictures(b, rows)), rows);
      });
    }});
  };
  const auto real = [](const Batch& b, const Tensor&) { return b.image(); };
  const auto drawn = [=](const Batch& b, const Tensor& rows) { return captions.decode(captions.draw(b.size), rows); };
  found("retrieval-by-words", "share of test pictures whose own caption scores above 15 that do not fit, by words and regions, 0 to 1; 0.06 is chance", 16, real, by_words);
  found("retrieval-by-sentence", "the same by vectors of the whole", 16, real, by_sentence);
  found("r-precision", "share of samples whose own caption scores above 9 that do not fit, by vectors of the whole, 0 to 1; 0.1 is chance", 10, drawn, by_sentence);
  r.measures.push_back({"edits-by-words", "share of test pictures whose own caption scores above the same with another colour, by words and regions, 0 to 1; 0.5 is chance", [=](const Evaluation& e) { return edits(e, damsm, words, by_words); }});
  r.measures.push_back({"edits-by-sentence", "the same by vectors of the whole", [=](const Evaluation& e) { return edits(e, damsm, words, by_sentence); }});
  r.measures.push_back({"localisation", "attention of the colour's word that lies in the object's box, over the box's share of the picture; 1: anywhere", [=](const Evaluation& e) { return localisation(e, damsm, words); }});
  r.measures.push_back({"switches-colour", "share of samples in which, when the caption's colour is replaced and z kept, a classifier trained on the data's labels sees the new colour and saw another before, 0 to 1", [=](const Evaluation& e) {
    const auto colours = colour_tokens(e.class_names, words);
    if (!e.classify || colours.empty()) return double(NAN);
    double right = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Recoloured other = recoloured(b, colours);
      const Tensor z = captions.draw(b.size);
      const auto seen = [&](const Batch& of) { return argmax(e.classify(captions.decode(z, damsm(of))), 1).to_integers(); };
      const auto first = seen(b), second = seen(other.batch);
      for (size_t i = 0; i < first.size(); ++i) {
        const auto colour = [&](int64_t label) { return colours[size_t(label)]; };
        right += colour(second[i]) == colour(other.classes[i]) && colour(first[i]) != colour(second[i]), ++n;
      }
    });
    return right / n;
  }, true});
}

}  // namespace ganymede

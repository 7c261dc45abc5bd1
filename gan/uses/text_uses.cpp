#include "gan/uses/text_uses.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr int64_t kCaptions = 20;   // captions that a picture's own one is found among
constexpr int64_t kShownSamples = 4;         // samples of a caption on a sheet

bool named_by_two(const Evaluation& e) {
  return !e.class_names.empty() && std::ranges::none_of(e.class_names, [](const std::string& name) { return two_words(name).first.empty(); });
}

// Share of the test pictures to which the judge gives a higher score beside their own caption than beside that of the sample which `rival` names; -1: none.
double matching(const CaptionUses& uses, const Captions& captions, const Evaluation& e, const std::function<std::vector<int64_t>(const Batch&)>& rival) {
  double right = 0, n = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor text = captions.encode(b);
    const std::vector<int64_t> rivals = rival(b);
    const auto fits = uses.judge(b.image(), text).to_doubles(), not_ = uses.judge(b.image(), uses.reordered(text, tensor(rivals, Shape{b.size}, text.device()))).to_doubles();
    for (size_t i = 0; i < rivals.size(); ++i) right += rivals[i] >= 0 && fits[i] > not_[i], n += rivals[i] >= 0;
  });
  return n > 0 ? right / n : NAN;
}

// The sample before each, where its caption does not fit.
std::vector<int64_t> preceding(const Mismatch& mismatch, const Batch& b) {
  const auto wrong = mismatch.next(b).to_doubles();
  std::vector<int64_t> rivals;
  for (int64_t i = 0; i < b.size; ++i) rivals.push_back(wrong[size_t(i)] > 0 ? (i + b.size - 1) % b.size : -1);
  return rivals;
}

// The next sample whose class has the same first word and another second one.
std::vector<int64_t> of_another_kind(const std::vector<std::string>& class_names, const Batch& b) {
  const auto labels = b["label"].to_integers();
  const auto name = [&](int64_t i) { return two_words(class_names.at(size_t(labels[size_t(i)]))); };
  std::vector<int64_t> rivals(labels.size(), -1);
  for (int64_t i = 0; i < b.size; ++i)
    for (int64_t k = 1; k < b.size && rivals[size_t(i)] < 0; ++k)
      if (const int64_t j = (i + k) % b.size; name(i).first == name(j).first && name(i).second != name(j).second) rivals[size_t(i)] = j;
  return rivals;
}

// Share of samples, a caption of the test split each, in which the classifier sees what `same` finds in the names of the caption's class.
Measure shows(const std::string& name, const std::string& text, const Captions& captions, bool pairs, std::function<bool(const std::string& seen, const std::string& said)> same) {
  return {name, text, [=](const Evaluation& e) {
    if (!e.classify) return std::nan("");
    if (pairs && !named_by_two(e)) return std::nan("");
    double right = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const auto seen = argmax(e.classify(captions.decode(captions.draw(b.size), captions.encode(b))), 1).to_integers(), said = b["label"].to_integers();
      for (size_t i = 0; i < said.size(); ++i) right += same(e.class_names.at(size_t(seen[i])), e.class_names.at(size_t(said[i]))), ++n;
    });
    return right / n;
  }, true};
}

}  // namespace

std::pair<std::string, std::string> two_words(const std::string& name) {
  const size_t space = name.find(' ');
  return space == std::string::npos ? std::pair{std::string(), std::string()} : std::pair{name.substr(0, space), name.substr(name.rfind(' ') + 1)};
}

Measure caption_colour_measure(const std::string& name, const std::string& text, const Captions& captions) {
  return shows(name, text, captions, true, [](const std::string& a, const std::string& b) { return two_words(a).first == two_words(b).first; });
}

double retrieval(const Evaluation& e, const Mismatch& mismatch, int64_t candidates, const std::function<Tensor(const Batch&)>& scores) {
  double right = 0, n = 0;
  e.each_batch([&](const Batch& b) {
    const auto score = scores(b).to_doubles();
    const auto wrong = mismatch.all(b).to_doubles();
    for (int64_t i = 0; i < b.size; ++i) {
      int64_t others = 0;
      bool best = true;
      for (int64_t k = 1; k < b.size && others < candidates - 1; ++k) {
        const size_t at = size_t(i * b.size + (i + k) % b.size);
        if (wrong[at] == 0) continue;
        ++others, best &= score[at] < score[size_t(i * b.size + i)];
      }
      if (others < candidates - 1) continue;
      right += best, ++n;
    }
  });
  return n > 0 ? right / n : NAN;
}

void add_caption_uses(Recipe& r, const Config& c, const CaptionUses& uses) {
  const Captions captions = r.captions;
  r.sample = [=](int64_t n, const Batch& b) {
    // The trainer asks for no more than a batch at a time.
    const Tensor text = captions.encode(b);
    return captions.decode(captions.draw(n), n < b.size ? slice(text, 0, 0, n) : text);
  };
  r.columns = [=](const Batch& b) {
    const Tensor text = captions.encode(b);
    std::vector<Column> columns{{"data", b.image()}};
    for (int64_t i = 0; i < kShownSamples; ++i) columns.push_back({i == 0 ? "drawn" : "", captions.decode(captions.draw(b.size), text)});
    return columns;
  };
  if (uses.encoder.image)
    r.measures.push_back({"retrieval", "share of test pictures whose own caption the text encoder puts before 19 that do not fit, 0 to 1; 0.05 is chance", [=](const Evaluation& e) {
      return retrieval(e, uses.mismatch, kCaptions, [&](const Batch& b) { return matmul(uses.encoder.image(b.image()), uses.encoder(b), false, true); });
    }});
  if (uses.judge)
    r.measures.push_back({"matching", "share of test pictures to which D gives a higher score beside their own caption than beside one that does not fit, 0 to 1; 0.5 is chance", [=](const Evaluation& e) {
      return matching(uses, captions, e, [&](const Batch& b) { return preceding(uses.mismatch, b); });
    }});
  if (uses.judge && c.data.classes > 1)
    r.measures.push_back({"matching-kind", "the same beside one of a class whose first word is the same and whose second one is not, of classes named by two, as shapes with label=both", [=](const Evaluation& e) {
      return !named_by_two(e) ? NAN : matching(uses, captions, e, [&](const Batch& b) { return of_another_kind(e.class_names, b); });
    }});
  if (c.data.classes > 1) {
    r.measures.push_back(shows("shows-class", "share of samples in which a classifier trained on the data's labels sees the class of the caption, 0 to 1", captions, false, [](const std::string& a, const std::string& b) { return a == b; }));
    r.measures.push_back(caption_colour_measure("shows-colour", "the same for the first word of classes named by two, as shapes with label=both", captions));
    r.measures.push_back(shows("shows-kind", "the same for their second word", captions, true, [](const std::string& a, const std::string& b) { return two_words(a).second == two_words(b).second; }));
  }
}

}  // namespace ganymede

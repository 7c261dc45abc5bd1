#include "gan/uses/captions.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/words.h"
#include "gan/pictures.h"

namespace ganymede {
namespace {

std::vector<int64_t> numbers_of(const DataFacts& data, const std::string& caption) {
  std::vector<int64_t> numbers;
  for (const std::string& word : data::words_of(caption)) {
    const auto found = std::find(data.words.begin(), data.words.end(), word);
    if (found == data.words.end()) {
      constexpr size_t kShown = 100;
      std::string known;
      for (size_t i = 1; i < data.words.size() && data.words.size() <= kShown; ++i) known += (i == 1 ? ": " : " ") + data.words[i];
      throw UsageError(text("caption '", caption, "': no caption that the model learned from has the word '", word, "'; its ", data.words.size() - 1, " words are those of the data", known));
    }
    numbers.push_back(found - data.words.begin());
  }
  if (numbers.empty()) throw UsageError(text("caption '", caption, "': has no words"));
  if (int64_t(numbers.size()) > data.caption_length) throw UsageError(text("caption '", caption, "': has ", numbers.size(), " words; the model reads ", data.caption_length));
  return numbers;
}

// Decodes in batches of the trainer's size.
std::vector<data::Picture> drawn(Session& session, const Tensor& z, const Tensor& text) {
  std::vector<data::Picture> pictures;
  const int64_t chunk = std::max<int64_t>(1, session.options().batch);
  for (int64_t at = 0; at < z.dim(0); at += chunk) {
    const int64_t end = std::min(z.dim(0), at + chunk);
    for (auto& p : to_pictures(session.trainer().recipe().captions.decode(slice(z, 0, at, end), slice(text, 0, at, end)))) pictures.push_back(std::move(p));
  }
  return pictures;
}

// Rows of x by number.
Tensor rows(const Tensor& x, const std::vector<int64_t>& numbers) { return gather_rows(x, tensor(numbers, Shape{int64_t(numbers.size())}, x.device())); }

}  // namespace

Batch batch_of_captions(const DataFacts& data, const std::vector<std::string>& captions) {
  std::vector<int64_t> tokens, lengths, characters;
  for (const std::string& caption : captions) {
    std::vector<int64_t> words = numbers_of(data, caption);
    lengths.push_back(int64_t(words.size()));
    words.resize(size_t(data.caption_length), 0);
    tokens.insert(tokens.end(), words.begin(), words.end());
    const std::vector<int64_t> letters = data::characters_of(caption, data.caption_characters);
    characters.insert(characters.end(), letters.begin(), letters.end());
  }
  const int64_t n = int64_t(captions.size());
  const Device& device = context().device;
  Batch b;
  b.size = n;
  b.fields["tokens"] = tensor(tokens, Shape{n, data.caption_length}, device);
  b.fields["length"] = tensor(lengths, Shape{n}, device);
  b.fields["characters"] = tensor(characters, Shape{n, data.caption_characters}, device);
  return b;
}

data::Picture caption_sheet(Session& session, const CaptionSheet& o) {
  const Captions& model = session.trainer().recipe().captions;
  if (!model) throw UsageError("--text: model " + session.model().id + " does not draw by caption");
  if (o.between && o.captions.size() != 2) throw UsageError(text("--interpolate between captions: give two with --text, not ", o.captions.size()));
  const int64_t n = int64_t(o.captions.size());
  std::vector<data::Picture> pictures;
  data::GridStyle style;
  session.trainer().sampling(o.seed, [&] {
    const Tensor all = model.encode(batch_of_captions(session.config().data, o.captions));
    std::vector<int64_t> noise, row;
    const int64_t lines = o.between ? o.rows : n;
    style.columns = o.steps;
    if (n == 1) {
      for (int64_t i = 0; i < o.n; ++i) noise.push_back(i), row.push_back(0);
      style.columns = o.columns;
      while (style.columns * style.columns < o.n && !o.columns) ++style.columns;
      style.columns = std::min(style.columns, o.n);
    } else {
      for (int64_t i = 0; i < lines; ++i)
        for (int64_t j = 0; j < o.steps; ++j) noise.push_back(o.between ? i : j), row.push_back(o.between ? 0 : i);
    }
    const Tensor z = rows(model.draw(*std::max_element(noise.begin(), noise.end()) + 1), noise);
    Tensor text = rows(all, row);
    if (o.between) {
      std::vector<double> weight;
      for (int64_t i = 0; i < lines; ++i)
        for (int64_t j = 0; j < o.steps; ++j) weight.push_back(o.steps > 1 ? double(j) / double(o.steps - 1) : 0);
      text = mix(rows(all, std::vector<int64_t>(row.size(), 1)), text, tensor(weight, Shape{int64_t(weight.size())}, DType::f32, z.device()));
    } else if (n > 1) {
      style.row_labels = o.captions;
    }
    pictures = drawn(session, z, text);
  });
  style.zoom = zoom_for(pictures.at(0).width);
  return data::grid(pictures, style);
}

}  // namespace ganymede

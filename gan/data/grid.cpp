#include "gan/data/grid.h"

#include <algorithm>

#include "engine/check.h"
#include "gan/data/font.h"

namespace ganymede::data {
namespace {

constexpr int64_t kTextGap = 2, kTextHeight = kGlyphHeight + 2 * kTextGap;

void check_count(const char* what, const std::vector<std::string>& labels, int64_t wanted) {
  if (labels.empty() || static_cast<int64_t>(labels.size()) == wanted) return;
  throw Error("grid of pictures: " + std::to_string(labels.size()) + " " + what + ", but it needs " +
              std::to_string(wanted));
}

// As much of the text as fits, centred in `width` pixels.
void draw_centred(Picture& sheet, const std::string& text, int64_t top, int64_t left, int64_t width,
                  uint8_t ink) {
  const std::string fitting = text.substr(0, static_cast<size_t>((width + 1) / kGlyphAdvance));
  draw_text(sheet, fitting, top, left + (width - text_width(fitting)) / 2, ink);
}

void paste(Picture& sheet, const Picture& picture, int64_t top, int64_t left, int64_t zoom) {
  for (int64_t y = 0; y < picture.height * zoom; ++y) {
    for (int64_t x = 0; x < picture.width * zoom; ++x) {
      std::copy_n(picture.at(y / zoom, x / zoom), sheet.channels, sheet.at(top + y, left + x));
    }
  }
}

}  // namespace

Picture grid(const std::vector<Picture>& pictures, const GridStyle& style) {
  if (pictures.empty()) throw Error("grid of pictures: there is no picture");
  const int64_t count = static_cast<int64_t>(pictures.size());
  const int64_t columns = std::clamp<int64_t>(style.columns, 1, count),
                rows = (count + columns - 1) / columns;
  check_count("captions", style.captions, count);
  check_count("row labels", style.row_labels, rows);
  check_count("column labels", style.column_labels, columns);

  int64_t cell_height = 0, cell_width = 0, channels = 1, label_width = 0;
  for (const Picture& picture : pictures) {
    cell_height = std::max(cell_height, picture.height * style.zoom);
    cell_width = std::max(cell_width, picture.width * style.zoom);
    if (picture.channels >= 3) channels = 3;
  }
  for (const std::string& label : style.row_labels) label_width = std::max(label_width, text_width(label));
  const int64_t gap = style.padding, left = label_width ? label_width + 2 * kTextGap : 0;
  const int64_t top = style.column_labels.empty() ? 0 : kTextHeight;
  const int64_t step_y = cell_height + gap + (style.captions.empty() ? 0 : kTextHeight),
                step_x = cell_width + gap;
  const uint8_t ink = style.background >= 128 ? 0 : 255;

  Picture sheet(top + gap + rows * step_y, left + gap + columns * step_x, channels, style.background);
  for (int64_t i = 0; i < count; ++i) {
    const Picture picture = with_channels(pictures[static_cast<size_t>(i)], channels);
    const int64_t y = top + gap + i / columns * step_y, x = left + gap + i % columns * step_x;
    paste(sheet, picture, y + (cell_height - picture.height * style.zoom) / 2,
          x + (cell_width - picture.width * style.zoom) / 2, style.zoom);
    if (!style.captions.empty()) {
      draw_centred(sheet, style.captions[static_cast<size_t>(i)], y + cell_height + kTextGap, x, cell_width,
                   ink);
    }
  }
  for (size_t r = 0; r < style.row_labels.size(); ++r) {
    const int64_t y = top + gap + static_cast<int64_t>(r) * step_y + (cell_height - kGlyphHeight) / 2;
    draw_text(sheet, style.row_labels[r], y, kTextGap, ink);
  }
  for (size_t c = 0; c < style.column_labels.size(); ++c) {
    draw_centred(sheet, style.column_labels[c], kTextGap, left + gap + static_cast<int64_t>(c) * step_x,
                 cell_width, ink);
  }
  return sheet;
}

}  // namespace ganymede::data

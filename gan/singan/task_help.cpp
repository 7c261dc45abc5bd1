#include "gan/singan/task_help.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/resize.h"

namespace ganymede::singan {

data::Picture picture_of(const Tensor& x, int64_t i) { return to_pictures(x.rows(i, i + 1)).front(); }

Tensor tensor_of(const Pyramid& p, const data::Picture& given) {
  const data::Picture picture = data::with_channels(given, p.colours);
  std::vector<float> values(picture.pixels.size());
  data::to_float(picture, values.data());
  return tensor(std::vector<double>(values.begin(), values.end()), {1, picture.height, picture.width, p.colours}, context().dtype, context().device);
}

data::Picture bicubic(const data::Picture& picture, const Extent& to) {
  return data::resized(picture, to.height, to.width, data::Filter::cubic, data::Border::mirror);
}

data::Picture fitted(const Pyramid& p, const NamedPicture& given) {
  const Extent& own = p.size(p.finest());
  const data::Picture picture = data::with_channels(given.picture, p.colours);
  // Sides are rounded up when the picture is shrunk, so a small finest scale has other proportions than the picture itself.
  const auto alike = [&](const Extent& e) { return std::abs(double(picture.width * e.height) / double(picture.height * e.width) - 1) <= 0.02; };
  if (!alike(p.shape.given) && !alike(own))
    throw UsageError(text(given.name, ": ", picture.height, "x", picture.width, " has other proportions than the training picture, ", p.shape.given.height, "x", p.shape.given.width,
                          "; cut or resize it first"));
  return bicubic(picture, own);
}

int chosen_scale(const Config& c, const Pyramid& p, int least, const std::string& meaning) {
  const int finest = p.finest();
  const auto read = [&](const char* name, const std::string& what, int64_t most) {
    try {
      return c.integer(name, -1, what, -1, most);
    } catch (const UsageError& e) {
      throw UsageError(text(e.what(), "; there are ", scale_name(least, finest), " to ", scale_name(finest, finest)));
    }
  };
  const int64_t scale = read("scale", meaning + text(", from the coarsest, 0 (n = ", finest, " in the paper), to ", finest, " (n = 0); -1: a sheet of all"), finest);
  const int64_t paper = read("n", "the same scale as the paper counts: the coarsest is N, the finest 0", finest - least);
  if (scale >= 0 && paper >= 0 && paper != finest - scale) throw UsageError(text("scale=", scale, " is n=", finest - scale, ", not n=", paper, "; give one of them"));
  const int64_t chosen = scale >= 0 ? scale : paper >= 0 ? finest - paper : -1;
  if (chosen != -1 && chosen < least) throw UsageError(text("scale=", scale, ": it must be ", scale_name(least, finest), " to ", scale_name(finest, finest)));
  return int(chosen);
}

double chosen_noise(const Config& c) { return c.number("noise", 1, "strength of the noise, in that of the training; 0: none", 0, 10); }

int reached_for(const Pyramid& p, int chosen, int least) {
  const int reached = p.reached();
  if (reached < std::max(chosen, least))
    throw UsageError(text("the training has reached ", scale_name(reached, p.finest()), " only; this needs ", scale_name(std::max(chosen, least), p.finest())));
  return reached;
}

std::vector<Result> at_scale_or_all(const std::string& name, int scale, int least, int reached, int finest, int64_t n, const std::vector<Shown>& plain,
                                    const std::function<data::Picture(int)>& make) {
  std::vector<Result> results;
  std::vector<Shown> sheet = plain;
  if (scale < 0) {
    if (n > 1) throw UsageError(text("-n ", n, ": without a scale each is tried once; name one with --set scale=N"));
    for (int k = least; k <= reached; ++k) sheet.push_back({scale_name(k, finest), make(k)});
    const auto columns = int64_t(std::ceil(std::sqrt(double(sheet.size()))));
    results.push_back({name + "-scales", {side_by_side(sheet, columns)}});
    return results;
  }
  const std::string tag = name + "-" + scale_tag(scale, finest);
  for (int64_t i = 0; i < n; ++i) {
    const data::Picture made = make(scale);
    results.push_back({n > 1 ? text(tag, "-", i) : tag, {made}});
    if (i == 0) sheet.push_back({scale_name(scale, finest), made});
  }
  if (!plain.empty()) results.push_back({tag + "-compare", {side_by_side(sheet)}});
  return results;
}

}  // namespace ganymede::singan

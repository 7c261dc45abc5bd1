#include "nn/torch.h"

#include <cstring>
#include <set>

#include "engine/check.h"
#include "nn/file.h"

namespace ganymede::nn {
namespace {

// [outer, a, b] -> [outer, b, a].
std::vector<double> swapped(const std::vector<double>& from, int64_t outer, int64_t a, int64_t b) {
  std::vector<double> to;
  to.reserve(from.size());
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t j = 0; j < b; ++j)
      for (int64_t i = 0; i < a; ++i) to.push_back(from[size_t((o * a + i) * b + j)]);
  return to;
}

// One tensor of a network on the border.
struct Entry {
  Tensor value;
  std::vector<std::string> theirs;         // its name there; the first is written, any is read
  int64_t outer, pixels, channels, inner;  // ours is [outer, pixels, channels, inner], theirs [outer, channels, pixels, inner]
  Shape their_shape;

  // Pixels and channels change places; the inner run stays together.
  std::vector<double> exchanged(const std::vector<double>& v, int64_t first, int64_t second) const {
    if (inner == 1) return swapped(v, outer, first, second);
    std::vector<double> to(v.size());
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < first; ++i)
        for (int64_t j = 0; j < second; ++j)
          std::memcpy(&to[size_t(((o * second + j) * first + i) * inner)], &v[size_t(((o * first + i) * second + j) * inner)], size_t(inner) * sizeof(double));
    return to;
  }
  std::vector<double> from_theirs(const std::vector<double>& v) const { return exchanged(v, channels, pixels); }
  std::vector<double> to_theirs(const std::vector<double>& v) const { return exchanged(v, pixels, channels); }
};

std::string mapped(const std::string& layer, const std::map<std::string, std::string>& layers) {
  for (std::string part = layer;;) {
    if (const auto found = layers.find(part); found != layers.end()) {
      const std::string rest = layer.substr(part.size());
      return found->second.empty() && !rest.empty() ? rest.substr(1) : found->second + rest;
    }
    const size_t dot = part.rfind('.');
    if (dot == std::string::npos) return layer;
    part.resize(dot);
  }
}

std::vector<std::string> leaves_of(const std::string& leaf, bool spectral) {
  if (leaf == "slope") return {"weight"};
  if (leaf == "u") return {"weight_u", "parametrizations.weight.0._u"};
  if (leaf == "v") return {"weight_v", "parametrizations.weight.0._v"};
  if (leaf == "weight" && spectral) return {"weight_orig", "parametrizations.weight.original"};
  return {leaf};
}

void arrange(Entry& e, const Shape& picture, int64_t outer, int64_t inner, const std::string& name) {
  require(picture.rank() == 3, name, ": the picture beside it has shape ", picture, ", expected {H, W, C}");
  require(outer * picture.count() * inner == e.value.count(), name, ": ", e.value.shape(), " does not fit a picture of ", picture);
  e.outer = outer, e.pixels = picture[0] * picture[1], e.channels = picture[2], e.inner = inner;
}

std::vector<Entry> entries_of(const Net& net, const TorchNames& names) {
  std::map<std::string, std::string> types;   // of the modules, by name
  std::map<std::string, Shape> weights;       // shapes of spectrally normalised weights, by layer
  std::set<std::string> spectral;
  Visit v;
  v.module = [&](const std::string& name, Module& m) { types[name] = m.type(); };
  net.module().visit(v);
  const auto split = [](const std::string& name) {
    const size_t dot = name.rfind('.');
    return dot == std::string::npos ? std::pair{std::string(), name} : std::pair{name.substr(0, dot), name.substr(dot + 1)};
  };
  for (const NamedTensor& b : net.buffers())
    if (const auto [layer, leaf] = split(b.name); leaf == "u") spectral.insert(layer);
  for (const NamedTensor& p : net.parameters())
    if (const auto [layer, leaf] = split(p.name); leaf == "weight") weights[layer] = p.value.shape();
  for (const auto* given : {&names.from_picture, &names.to_picture})
    for (const auto& [layer, shape] : *given) require(types.count(layer), net.name(), ": there is no layer ", layer, " beside a picture");

  std::vector<Entry> entries;
  for (const auto* list : {&net.parameters(), &net.buffers()})
    for (const NamedTensor& t : *list) {
      const auto [layer, leaf] = split(t.name);
      Entry e{t.value, {}, t.value.count(), 1, 1, 1, shape_to_torch(t.value.shape())};
      const std::string prefix = names.prefix + mapped(layer, names.layers);
      for (const std::string& l : leaves_of(leaf, spectral.count(layer) > 0)) e.theirs.push_back(prefix.empty() || prefix.back() == '.' ? prefix + l : prefix + "." + l);
      const Shape& s = t.value.shape();
      const auto from = names.from_picture.find(layer), to = names.to_picture.find(layer);
      if (s.rank() == 4) {
        e.outer = s[0], e.pixels = s[1] * s[2], e.channels = s[3];
      } else if (leaf == "v" && types[layer] == "conv") {
        const Shape& w = weights[layer];
        e.outer = 1, e.pixels = w[1] * w[2], e.channels = w[3];
      } else if (from != names.from_picture.end() && (leaf == "weight" || leaf == "v")) {
        require(to == names.to_picture.end(), net.name(), ".", layer, ": lies between two pictures; one side is supported");
        arrange(e, from->second, e.value.count() / std::max<int64_t>(from->second.count(), 1), 1, t.name);
      } else if (to != names.to_picture.end() && leaf != "v") {
        arrange(e, to->second, 1, e.value.count() / std::max<int64_t>(to->second.count(), 1), t.name);
      }
      entries.push_back(std::move(e));
    }
  return entries;
}

}  // namespace

Shape shape_from_torch(const Shape& s) { return s.rank() == 4 ? Shape{s[0], s[2], s[3], s[1]} : s; }
Shape shape_to_torch(const Shape& s) { return s.rank() == 4 ? Shape{s[0], s[3], s[1], s[2]} : s; }

std::vector<double> values_from_torch(const std::vector<double>& v, const Shape& s) {
  require(int64_t(v.size()) == s.count(), v.size(), " values for a tensor of shape ", s);
  return s.rank() == 4 ? swapped(v, s[0], s[1], s[2] * s[3]) : v;
}
std::vector<double> values_to_torch(const std::vector<double>& v, const Shape& s) {
  require(int64_t(v.size()) == s.count(), v.size(), " values for a tensor of shape ", s);
  return s.rank() == 4 ? swapped(v, s[0], s[1] * s[2], s[3]) : v;
}

void read_torch(const Net& net, const SafetensorsFile& file, const TorchNames& names) {
  const std::vector<Entry> entries = entries_of(net, names);
  std::set<std::string> taken;
  std::vector<std::vector<double>> values;
  for (const Entry& e : entries) {
    std::string name = e.theirs[0];
    for (const std::string& other : e.theirs)
      if (file.contains(other)) name = other;
    const RawTensor& t = file.at(name);
    const Shape shape(t.shape);
    require(shape == e.their_shape, file.path(), ": ", name, " has shape ", shape, ", the network needs ", e.their_shape);
    values.push_back(e.from_theirs(doubles_of(t, text(file.path(), ": ", name))));
    taken.insert(name);
  }
  for (const std::string& name : file.names())
    require(taken.count(name) || !name.starts_with(names.prefix) || name.ends_with("num_batches_tracked"), file.path(), ": ", name, " belongs to nothing in ", net.name());
  for (size_t i = 0; i < entries.size(); ++i) {
    const Tensor& to = entries[i].value;
    assign(to, tensor(values[i], to.shape(), to.dtype(), to.device()));
  }
}

void write_torch(const Net& net, const std::string& path, const TorchNames& names) {
  std::vector<std::pair<std::string, RawTensor>> tensors;
  std::vector<Tensor> held;
  const auto add = [&](const std::string& name, const Tensor& t, const Shape& shape) {
    held.push_back(t);
    tensors.push_back({name, {t.dtype(), {shape.begin(), shape.end()}, static_cast<const std::byte*>(t.data()), t.bytes()}});
  };
  for (const Entry& e : entries_of(net, names)) {
    add(e.theirs[0], tensor(e.to_theirs(e.value.to_doubles()), e.their_shape, e.value.dtype(), Device{}), e.their_shape);
    if (const std::string& name = e.theirs[0]; name.ends_with("running_var"))
      add(name.substr(0, name.size() - 11) + "num_batches_tracked", tensor(std::vector<int64_t>{0}, Shape{1}, Device{}), Shape{});
  }
  write_safetensors(path, {{"format", "pt"}}, tensors);
}

}  // namespace ganymede::nn

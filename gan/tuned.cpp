#include "gan/tuned.h"

#include <fstream>
#include <initializer_list>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <sstream>
#include <type_traits>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "gan/cache_folder.h"
#include "gan/run/json.h"

namespace ganymede {

using kernels::Attention;
using kernels::AttentionRole;
using kernels::Conv2d;
using kernels::Conv2dRole;
using kernels::Norm;
using kernels::NormRole;
using kernels::Padding;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kFormat = "ganymede tune";
constexpr int kVersion = 1;
constexpr uintmax_t kMostBytes = 64 << 20;

template <class Problem, class Number = int>
struct Field {
  const char* name;
  Number Problem::* member;
  int least;
};
constexpr Field<Norm, int64_t> kNormFields[] = {{"outer", &Norm::outer, 1}, {"rows", &Norm::rows, 1}, {"channels", &Norm::groups, 1}};
constexpr Field<Attention> kAttentionFields[] = {{"batch", &Attention::batch, 0}, {"queries", &Attention::queries, 0}, {"keys", &Attention::keys, 1},
                                                 {"depth", &Attention::depth, 1}, {"width", &Attention::width, 0}};
constexpr Field<Conv2d> kFields[] = {{"n", &Conv2d::n, 0}, {"h", &Conv2d::h, 0}, {"w", &Conv2d::w, 0}, {"c", &Conv2d::c, 1}, {"k", &Conv2d::k, 1},
                             {"r", &Conv2d::r, 1}, {"s", &Conv2d::s, 1}, {"p", &Conv2d::p, 0}, {"q", &Conv2d::q, 0}, {"stride_h", &Conv2d::stride_h, 1},
                             {"stride_w", &Conv2d::stride_w, 1}, {"pad_h", &Conv2d::pad_h, 0}, {"pad_w", &Conv2d::pad_w, 0},
                             {"dilation_h", &Conv2d::dilation_h, 1}, {"dilation_w", &Conv2d::dilation_w, 1}, {"groups", &Conv2d::groups, 1}};

const char* border_name(Padding border) { return border == Padding::reflect ? "reflect" : "replicate"; }

template <class Problem>
Math math_of(const Problem& p) {
  if constexpr (std::is_same_v<Problem, Norm>) return Math::f32;
  else return p.math;
}

// Direction, kind of numbers and sizes; what was chosen; what it costs.
template <class Tuned, class Fields>
Json tuned_json(const Tuned& t, const Fields& fields, const Json& chosen) {
  Json j{{"direction", role_name(t.what.role)}, {"number", number_name(t.what.problem.dtype, math_of(t.what.problem))}};
  for (const auto& f : fields) j[f.name] = t.what.problem.*f.member;
  j.update(chosen);
  j["cost"] = t.cost;
  j["table_cost"] = t.table_cost;
  return j;
}
Json json_of(const TunedConvolution& t) {
  Json chosen;
  if (t.what.problem.border != Padding::zero) chosen["border"] = border_name(t.what.problem.border);
  chosen["tile"] = t.tile;
  chosen["parts"] = t.parts;
  return tuned_json(t, kFields, chosen);
}
Json json_of(const TunedAttention& t) { return tuned_json(t, kAttentionFields, {{"twin", t.twin}}); }
Json json_of(const TunedNorm& t) { return tuned_json(t, kNormFields, {{"blocks", t.blocks}}); }

template <class Used, class Fields>
bool same_use(const Used& a, const Used& b, const Fields& fields) {
  for (const auto& f : fields)
    if (a.problem.*f.member != b.problem.*f.member) return false;
  return a.role == b.role && a.problem.dtype == b.problem.dtype && math_of(a.problem) == math_of(b.problem);
}

const Json& member(const Json& j, const char* name) {
  require(j.is_object() && j.contains(name), "\"", name, "\" is missing");
  return j[name];
}
std::string words_at(const Json& j, const char* name) {
  const Json& v = member(j, name);
  require(v.is_string(), "\"", name, "\" is not text");
  return v.get<std::string>();
}
int number(const Json& j, const char* name, int least) {
  const Json& v = member(j, name);
  require(v.is_number_integer() && v >= least && v <= INT32_MAX, "\"", name, "\" is ", v.dump(), ", must be a whole number from ", least, " up");
  return v.get<int>();
}
double cost(const Json& j, const char* name) {
  const Json& v = member(j, name);
  require(v.is_number() && v.get<double>() >= 0, "\"", name, "\" is ", v.dump(), ", must be 0 or more");
  return v.get<double>();
}

template <class Role>
Role role_of(const Json& j, std::initializer_list<Role> roles) {
  const std::string direction = words_at(j, "direction");
  std::string all;
  for (const Role role : roles) {
    if (direction == role_name(role)) return role;
    all += (all.empty() ? "" : role == *std::prev(roles.end()) ? " or " : ", ") + std::string(role_name(role));
  }
  fail("\"direction\" is \"", direction, "\", must be ", all);
}
// What kind of numbers, and the sizes.
template <class Problem, class Number, size_t kCount>
Problem problem_of(const Json& j, const Field<Problem, Number> (&fields)[kCount]) {
  Problem p{};
  const std::string multiplied = words_at(j, "number");
  require(multiplied == "bf16" || multiplied == "tf32" || multiplied == "f32", "\"number\" is \"", multiplied, "\", must be bf16, tf32 or f32");
  for (const auto& f : fields) p.*f.member = number(j, f.name, f.least);
  p.dtype = multiplied == "bf16" ? DType::bf16 : DType::f32;
  if constexpr (!std::is_same_v<Problem, Norm>) p.math = multiplied == "tf32" ? Math::tf32 : Math::f32;
  return p;
}

TunedConvolution convolution_of(const Json& j) {
  TunedConvolution t{};
  t.what = {role_of(j, {Conv2dRole::forward, Conv2dRole::data_gradient, Conv2dRole::weight_gradient}), problem_of(j, kFields)};
  if (j.contains("border")) {
    const std::string border = words_at(j, "border");
    require(border == border_name(Padding::reflect) || border == border_name(Padding::replicate), "\"border\" is \"", border, "\", must be reflect or replicate");
    t.what.problem.border = border == border_name(Padding::reflect) ? Padding::reflect : Padding::replicate;
  }
  t.tile = words_at(j, "tile");
  t.parts = number(j, "parts", 1);
  t.cost = cost(j, "cost");
  t.table_cost = cost(j, "table_cost");
  return t;
}

TunedAttention attention_of(const Json& j) {
  TunedAttention t{};
  t.what = {role_of(j, {AttentionRole::forward, AttentionRole::query_gradient, AttentionRole::key_gradient}), problem_of(j, kAttentionFields)};
  require(member(j, "twin").is_boolean(), "\"twin\" is neither true nor false");
  t.twin = j["twin"].get<bool>();
  t.cost = cost(j, "cost");
  t.table_cost = cost(j, "table_cost");
  return t;
}

TunedNorm norm_of(const Json& j) {
  TunedNorm t{};
  t.what = {role_of(j, {NormRole::forward, NormRole::gradient, NormRole::second_gradient}), problem_of(j, kNormFields)};
  t.what.problem.width = 1;
  t.blocks = number(j, "blocks", 0);
  t.cost = cost(j, "cost");
  t.table_cost = cost(j, "table_cost");
  return t;
}

void write(const std::filesystem::path& path, const std::vector<TunedCard>& cards) {
  Json all{{"format", kFormat}, {"version", kVersion}, {"cards", Json::array()}};
  for (const TunedCard& c : cards) {
    Json convolutions = Json::array(), attentions = Json::array(), norms = Json::array();
    for (const TunedConvolution& t : c.convolutions) convolutions.push_back(json_of(t));
    for (const TunedAttention& t : c.attentions) attentions.push_back(json_of(t));
    for (const TunedNorm& t : c.norms) norms.push_back(json_of(t));
    all["cards"].push_back({{"card", c.card.name}, {"driver", c.card.driver}, {"convolutions", std::move(convolutions)}, {"attentions", std::move(attentions)}, {"norms", std::move(norms)}});
  }
  std::error_code ignored;   // AtomicFile says what is wrong with the folder
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  write_atomically(path, all.dump(1) + "\n");
}

}  // namespace

const char* role_name(Conv2dRole role) {
  return role == Conv2dRole::forward ? "forward" : role == Conv2dRole::data_gradient ? "data_gradient" : "weight_gradient";
}
const char* role_name(AttentionRole role) {
  return role == AttentionRole::forward ? "forward" : role == AttentionRole::query_gradient ? "query_gradient" : "key_gradient";
}
const char* role_name(NormRole role) { return role == NormRole::forward ? "forward" : role == NormRole::gradient ? "gradient" : "second_gradient"; }
const char* number_name(DType dtype, Math math) { return dtype == DType::bf16 ? "bf16" : math == Math::tf32 ? "tf32" : "f32"; }

bool same_convolution(const UsedConvolution& a, const UsedConvolution& b) {
  return a.problem.border == b.problem.border && same_use(a, b, kFields);
}
bool same_attention(const UsedAttention& a, const UsedAttention& b) { return same_use(a, b, kAttentionFields); }
bool same_norm(const UsedNorm& a, const UsedNorm& b) { return same_use(a, b, kNormFields); }

const kernels::VariantKernels* variants_of(const Device& device) {
  if (device.type == DeviceType::sim) return &kernels::sim::variants();
#ifdef GANYMEDE_HAS_CUDA
  if (device.type == DeviceType::cuda) return &kernels::cuda::variants();
#endif
  return nullptr;
}

Card card_of(const Device& device) {
  char driver[64] = "";
  variants_of(device)->driver(driver, sizeof driver);
  return {kernels_of(device).device.info(device.index).name, driver};
}

std::filesystem::path tuned_file() {
  const std::string folder = cache_folder();
  return folder.empty() ? std::filesystem::path() : std::filesystem::path(folder) / "tune.json";
}

std::vector<TunedCard> read_tuned(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return {};
  try {
    require(!error, error.message());
    require(std::filesystem::is_regular_file(path), "not a file");
    require(std::filesystem::file_size(path) <= kMostBytes, "larger than ", kMostBytes, " bytes");
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    require(file.good() || file.eof(), "cannot be read");
    const Json all = run::parse_json(bytes.str());
    require(!all.is_discarded(), "not JSON");
    require(all.is_object() && all.contains("format") && all["format"] == kFormat, "not a file of ganymede tune (its \"format\" must be \"", kFormat, "\")");
    require(number(all, "version", 1) == kVersion, "of version ", all["version"].dump(), "; this program reads ", kVersion);
    std::vector<TunedCard> cards;
    require(member(all, "cards").is_array(), "\"cards\" is not a list");
    for (const Json& c : all["cards"]) {
      TunedCard card{{words_at(c, "card"), words_at(c, "driver")}, {}};
      require(member(c, "convolutions").is_array(), "\"convolutions\" is not a list");
      for (const Json& t : c["convolutions"]) card.convolutions.push_back(convolution_of(t));
      if (c.contains("attentions")) {
        require(c["attentions"].is_array(), "\"attentions\" is not a list");
        for (const Json& t : c["attentions"]) card.attentions.push_back(attention_of(t));
      }
      if (c.contains("norms")) {
        require(c["norms"].is_array(), "\"norms\" is not a list");
        for (const Json& t : c["norms"]) card.norms.push_back(norm_of(t));
      }
      cards.push_back(std::move(card));
    }
    return cards;
  } catch (const std::exception& wrong) {
    fail(path.string(), ": ", wrong.what());
  }
}

void write_tuned(const std::filesystem::path& path, const TunedCard& measured) {
  std::vector<TunedCard> cards = read_tuned(path);
  TunedCard* mine = nullptr;
  for (TunedCard& c : cards)
    if (c.card == measured.card) mine = &c;
  if (!mine) mine = &cards.emplace_back(TunedCard{measured.card, {}});
  for (const TunedConvolution& t : measured.convolutions) {
    std::erase_if(mine->convolutions, [&](const TunedConvolution& old) { return same_convolution(old.what, t.what); });
    mine->convolutions.push_back(t);
  }
  for (const TunedAttention& t : measured.attentions) {
    std::erase_if(mine->attentions, [&](const TunedAttention& old) { return same_attention(old.what, t.what); });
    mine->attentions.push_back(t);
  }
  for (const TunedNorm& t : measured.norms) {
    std::erase_if(mine->norms, [&](const TunedNorm& old) { return same_norm(old.what, t.what); });
    mine->norms.push_back(t);
  }
  write(path, cards);
}

bool remove_tuned(const std::filesystem::path& path, const Card& card) {
  std::vector<TunedCard> cards = read_tuned(path);
  if (!std::erase_if(cards, [&](const TunedCard& c) { return c.card == card; })) return false;
  write(path, cards);
  return true;
}

void apply_tuned(const Device& device, std::ostream& say) {
  const kernels::VariantKernels* v = variants_of(device);
  if (!v) return;
  const std::filesystem::path path = tuned_file();
  if (path.empty()) return;
  std::vector<TunedCard> cards;
  try {
    cards = read_tuned(path);
  } catch (const Error& wrong) {
    say << "ganymede: measured variants are left out: " + std::string(wrong.what()) + "\n";
    return;
  }
  if (cards.empty()) return;
  const Card card = card_of(device);
  for (const TunedCard& c : cards) {
    if (c.card.name == card.name && c.card.driver != card.driver)
      say << "ganymede: " + path.string() + ": variants measured with driver " + c.card.driver + " are left out, this is " + card.driver + "; run ganymede tune again\n";
    if (c.card != card) continue;
    size_t refused = 0;
    for (const TunedConvolution& t : c.convolutions) {
      int tile = 0;
      while (v->tile_name(tile) && t.tile != v->tile_name(tile)) ++tile;
      refused += !v->tile_name(tile) || !v->prefer(t.what.role, t.what.problem, {tile, t.parts});
    }
    for (const TunedAttention& t : c.attentions) refused += t.twin && !v->prefer_attention_twin(t.what.role, t.what.problem, true);
    for (const TunedNorm& t : c.norms) refused += !v->prefer_norm(t.what.role, t.what.problem, t.blocks);
    if (refused)
      say << "ganymede: " + path.string() + ": " + std::to_string(refused) + " of " + std::to_string(c.convolutions.size() + c.attentions.size() + c.norms.size()) +
                 " measured variants are not in this build and are left out; run ganymede tune again\n";
  }
}

void apply_tuned_once(const Device& device, std::ostream& say) {
  static std::mutex mutex;
  static std::set<std::string> done;
  const std::lock_guard lock(mutex);
  if (done.insert(device.str()).second) apply_tuned(device, say);
}

}  // namespace ganymede

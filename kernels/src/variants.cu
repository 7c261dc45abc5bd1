// Which variant a convolution, an attention or a norm takes: a measured one that somebody put in place, else the table's. Host code.
#include "kernels/api/variants.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <set>

#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_plan.h"
#include "kernels/device/families.h"
#include "kernels/device/flash_plan.h"
#include "kernels/device/norm_plan.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

using Key = std::array<int, 20>;
Key key_of(Conv2dRole role, const Conv2d& p) {
  return {static_cast<int>(role), p.n, p.h, p.w, p.c, p.k, p.r, p.s, p.p, p.q, p.stride_h, p.stride_w, p.pad_h, p.pad_w, p.dilation_h, p.dilation_w, p.groups,
          static_cast<int>(p.dtype), static_cast<int>(p.math), static_cast<int>(p.border)};
}

using AttentionKey = std::array<int, 6>;
AttentionKey key_of(AttentionRole role, const Attention& a) { return {static_cast<int>(role), a.batch, a.queries, a.keys, a.depth, a.width}; }

using NormKey = std::array<int64_t, 6>;
NormKey key_of(NormRole role, const Norm& n) { return {static_cast<int>(role), n.outer, n.rows, n.groups, n.width, static_cast<int>(n.dtype)}; }

struct Preferences {
  std::mutex mutex;
  std::map<Key, TilePlan> plans;
  std::set<AttentionKey> attention;   // of the twin
  std::map<NormKey, int> norms;       // blocks
  std::atomic<bool> any{false}, twins{false};
  std::atomic<int> forced_norm_blocks{-1};
};
Preferences& preferences() {
  static Preferences& all = *new Preferences;   // launches may come from destructors
  return all;
}

const char* tile_name(int tile) {
  constexpr const char* kNames[] = {"large", "tall", "thin", "medium", "small", "few_channels", "winograd", "twin_wide", "twin_square", "twin_narrow"};
  return tile >= 0 && tile < static_cast<int>(std::size(kNames)) ? kNames[tile] : nullptr;
}

ConvVariant plain(const TilePlan& plan) { return {static_cast<int>(plan.tile), plan.parts}; }
TilePlan plan_of_variant(const ConvVariant& v) { return {static_cast<TileName>(v.tile), v.parts}; }

int list(Conv2dRole role, const Conv2d& p, ConvVariant* variants) {
  TilePlan plans[kMostVariants];
  const int count = list_plans(role, p, simt::compute_capability(), plans);
  for (int i = 0; i < count; ++i) variants[i] = plain(plans[i]);
  return count;
}

bool can(Conv2dRole role, const Conv2d& p, const ConvVariant& v) {
  if (!tile_name(v.tile) || v.parts < 1 || v.parts > most_parts(role)) return false;
  if (static_cast<TileName>(v.tile) == TileName::few_channels) return v.parts == 1 && few_channels_serve(role, p);
  if (static_cast<TileName>(v.tile) == TileName::winograd) return v.parts == 1 && winograd_serves(role, p);
  if (!is_twin(static_cast<TileName>(v.tile))) return true;
  return simt::compute_capability() == 90 && has_twin(role, p);
}

bool prefer(Conv2dRole role, const Conv2d& p, const ConvVariant& v) {
  if (!can(role, p, v)) return false;
  Preferences& all = preferences();
  const std::lock_guard lock(all.mutex);
  all.plans[key_of(role, p)] = plan_of_variant(v);
  all.any = true;
  return true;
}

void forget() {
  Preferences& all = preferences();
  const std::lock_guard lock(all.mutex);
  all.plans.clear();
  all.attention.clear();
  all.norms.clear();
  all.any = false;
}

bool has_attention_twin(AttentionRole role, const Attention& a) { return simt::compute_capability() == 90 && flash_has_twin(role, a); }

bool prefer_attention_twin(AttentionRole role, const Attention& a, bool twin) {
  if (twin && !has_attention_twin(role, a)) return false;
  Preferences& all = preferences();
  const std::lock_guard lock(all.mutex);
  if (twin) all.attention.insert(key_of(role, a));
  else all.attention.erase(key_of(role, a));
  all.any = true;
  return true;
}

bool can_norm(NormRole role, const Norm& n, int blocks) {
  if (blocks == 0) return true;
  return (blocks == 1 || simt::compute_capability() == 90) && resident_plan(role, n, blocks).blocks == blocks;
}

int list_norm(NormRole role, const Norm& n, int* blocks) {
  int count = 0;
  blocks[count++] = table_norm_blocks(role, n);
  for (const int other : {0, 1, 2, 4, 8})
    if (other != blocks[0] && can_norm(role, n, other)) blocks[count++] = other;
  return count;
}

bool prefer_norm(NormRole role, const Norm& n, int blocks) {
  if (!can_norm(role, n, blocks)) return false;
  Preferences& all = preferences();
  const std::lock_guard lock(all.mutex);
  all.norms[key_of(role, n)] = blocks;
  all.any = true;
  return true;
}

// The number of the driver itself where the system tells it, and the CUDA version that it speaks.
void driver(char* text, size_t size) {
#ifdef __CUDACC__
  int version = 0;
  check(cudaDriverGetVersion(&version), "cudaDriverGetVersion");
  char word[64] = "";
  bool found = false;
  if (std::FILE* file = std::fopen("/proc/driver/nvidia/version", "r")) {
    while (!found && std::fscanf(file, "%63s", word) == 1) found = word[0] >= '0' && word[0] <= '9' && std::strchr(word, '.');
    std::fclose(file);
  }
  std::snprintf(text, size, "%s%sCUDA %d.%d", found ? word : "", found ? ", " : "", version / 1000, version % 1000 / 10);
#else
  std::snprintf(text, size, "simulator");
#endif
}

void force_twins(bool on) {
#ifdef __CUDACC__
  on = on && simt::compute_capability() == 90;
#endif
  preferences().twins = on;
}

}  // namespace

TilePlan plan_for(Conv2dRole role, const Conv2d& p) {
  Preferences& all = preferences();
  if (all.any) {
    const std::lock_guard lock(all.mutex);
    const auto found = all.plans.find(key_of(role, p));
    if (found != all.plans.end() && plan_takes_pairs(role, p, found->second)) return found->second;
  }
  if (all.twins && has_twin(role, p)) {
    const TwinShape shape = twin_shape(role, p);
    const int64_t parts = shape.steps > 3 ? 3 : 1;
    return {shape.columns > 128 ? TileName::twin_wide : shape.columns > 64 ? TileName::twin_square : TileName::twin_narrow, static_cast<int>(parts)};
  }
  return table_plan(role, p, simt::compute_capability());
}

bool takes_twin(AttentionRole role, const Attention& a) {
  Preferences& all = preferences();
  if (!(all.any || all.twins) || !flash_has_twin(role, a)) return false;
  const std::lock_guard lock(all.mutex);
  return all.twins || all.attention.contains(key_of(role, a));
}

int norm_blocks(NormRole role, const Norm& n) {
  Preferences& all = preferences();
  if (all.any) {
    const std::lock_guard lock(all.mutex);
    const auto found = all.norms.find(key_of(role, n));
    if (found != all.norms.end()) return found->second;
  }
  const int forced = all.forced_norm_blocks;
  return forced >= 0 && can_norm(role, n, forced) ? forced : table_norm_blocks(role, n);
}

const VariantKernels& variants() {
  static const VariantKernels all{
      tile_name, list, [](Conv2dRole role, const Conv2d& p) { return plain(plan_for(role, p)); }, prefer, forget, has_attention_twin, takes_twin,
      prefer_attention_twin, list_norm, norm_blocks, prefer_norm, [](int blocks) { preferences().forced_norm_blocks = blocks; }, force_twins,
      [](Conv2dRole role, const Conv2d& p, const ConvVariant& v) { return plan_terms(role, p, plan_of_variant(v), 4); }, driver};
  return all;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET

// Tells what was kept of a block: for each stretch between barriers and each thread what it reads and writes, as sets of
// byte or element ranges; neighbouring threads that do the same at a constant distance share a paragraph.
#include <algorithm>
#include <map>
#include <sstream>

#include "kernels/simt/trace_record.h"

namespace ganymede::kernels::sim::tracing {
namespace {

// count ranges of `bytes` bytes, `step` bytes apart.
struct Run {
  uint64_t offset, bytes;
  int64_t count, step;
  bool alike(const Run& other) const { return bytes == other.bytes && count == other.count && step == other.step; }
};

// What a thread does to one region in one way, in a phase.
struct Item {
  What what;
  int region;
  const char* operation;
  int64_t times = 0;
  std::vector<Run> runs, to;
};

std::string text(dim3 d) { return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")"; }

std::string text(const simt::Where& where) {
  const std::string file = where.file_name();
  const size_t at = file.rfind("/kernels/");
  return (at == std::string::npos ? file : file.substr(at + 1)) + ":" + std::to_string(where.line());
}

// Sorted, joined where they touch, and neighbours of equal size and distance taken together.
std::vector<Run> runs_of(std::vector<std::pair<uint64_t, uint64_t>> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::pair<uint64_t, uint64_t>> joined;   // begin, end
  for (const auto& [offset, bytes] : ranges) {
    if (!joined.empty() && offset <= joined.back().second) joined.back().second = std::max(joined.back().second, offset + bytes);
    else joined.push_back({offset, offset + bytes});
  }
  std::vector<Run> runs;
  for (const auto& [begin, end] : joined) {
    if (!runs.empty() && runs.back().bytes == end - begin) {
      Run& r = runs.back();
      const auto step = static_cast<int64_t>(begin - r.offset) - (r.count - 1) * r.step;
      if (r.count == 1 || step == r.step) {
        r.step = step;
        ++r.count;
        continue;
      }
    }
    runs.push_back({begin, end - begin, 1, 0});
  }
  return runs;
}

std::vector<Item> items_of(const Phase& phase) {
  struct Ranges {
    std::vector<std::pair<uint64_t, uint64_t>> from, to;
  };
  std::vector<Item> items;
  std::vector<Ranges> ranges;
  for (const Event& e : phase.events) {
    size_t i = 0;
    while (i < items.size() && !(items[i].what == e.what && items[i].region == e.place.region && items[i].operation == e.operation)) ++i;
    if (i == items.size()) {
      items.push_back({e.what, e.place.region, e.operation, 0, {}, {}});
      ranges.emplace_back();
    }
    ++items[i].times;
    if (e.what == What::operation) continue;
    if (e.place.region != kNowhere) ranges[i].from.push_back({e.place.offset, e.bytes});
    if (e.what == What::copy || e.what == What::copy_zero) ranges[i].to.push_back({e.to.offset, e.bytes});
  }
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].runs = runs_of(std::move(ranges[i].from));
    items[i].to = runs_of(std::move(ranges[i].to));
  }
  return items;
}

// Appends the distances of b's runs from a's; false when the two do different things.
bool distances(const std::vector<Item>& a, const std::vector<Item>& b, std::vector<int64_t>& found) {
  if (a.size() != b.size()) return false;
  const auto compare = [&](const std::vector<Run>& x, const std::vector<Run>& y) {
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i) {
      if (!x[i].alike(y[i])) return false;
      found.push_back(static_cast<int64_t>(y[i].offset - x[i].offset));
    }
    return true;
  };
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].what != b[i].what || a[i].region != b[i].region || a[i].operation != b[i].operation || a[i].times != b[i].times) return false;
    if (!compare(a[i].runs, b[i].runs) || !compare(a[i].to, b[i].to)) return false;
  }
  return true;
}

class Teller {
 public:
  Teller(const TraceRequest& request, const std::vector<LaunchRecord>& launches) : request_(request) {
    for (const LaunchRecord& launch : launches)
      for (const ThreadRecord& thread : launch.threads)
        for (const Phase& phase : thread.phases)
          for (const Event& e : phase.events)
            if (e.place.region == kScratch && (!scratch_ || e.place.offset < scratch_)) scratch_ = e.place.offset;
  }

  std::string tell(const std::vector<LaunchRecord>& launches) {
    int number = 0;
    for (const LaunchRecord& launch : launches) {
      out_ << "\nlaunch " << ++number << " at " << text(launch.where) << ": grid " << text(launch.grid) << ", block " << text(launch.block) << ", "
           << launch.shared_bytes << " bytes of shared memory\n";
      if (launch.watched) tell(launch);
      else out_ << "  its grid has no block " << request_.block << "\n";
    }
    return out_.str();
  }

 private:
  void tell(const LaunchRecord& launch) {
    out_ << "block " << text(launch.index) << "\n";
    size_t phases = 0;
    for (const ThreadRecord& t : launch.threads) phases = std::max(phases, t.begun ? t.phases.size() : 0);
    if (!phases) out_ << "  its threads touch neither shared memory nor an operand\n";
    for (size_t p = 0; p < phases; ++p) {
      out_ << "phase " << p << "\n";
      std::vector<std::pair<int, std::vector<Item>>> threads;
      std::map<std::string, int> barriers;
      for (size_t rank = 0; rank < launch.threads.size(); ++rank) {
        const ThreadRecord& t = launch.threads[rank];
        if (!t.begun || p >= t.phases.size()) continue;
        threads.push_back({static_cast<int>(rank), items_of(t.phases[p])});
        const Phase& phase = t.phases[p];
        ++barriers[phase.barrier ? std::string(phase.barrier) + " at " + text(phase.where) : "end of the kernel"];
      }
      paragraphs(threads);
      for (const auto& [barrier, count] : barriers) out_ << "  -- " << barrier << " (" << count << (count == 1 ? " thread)\n" : " threads)\n");
    }
  }

  void paragraphs(const std::vector<std::pair<int, std::vector<Item>>>& threads) {
    for (size_t i = 0; i < threads.size();) {
      std::vector<int64_t> step;
      size_t end = i + 1;
      for (; end < threads.size() && threads[end].first == threads[end - 1].first + 1; ++end) {
        std::vector<int64_t> now;
        if (!distances(threads[end - 1].second, threads[end].second, now)) break;
        if (end == i + 1) step = now;
        else if (now != step) break;
      }
      const std::vector<Item>& items = threads[i].second;
      if (!items.empty() || end - i < threads.size()) {
        out_ << (end - i == 1 ? "  thread " : "  threads ") << threads[i].first;
        if (end - i > 1) out_ << "-" << threads[end - 1].first;
        if (items.empty()) out_ << "  nothing";
        out_ << "\n";
        size_t at = 0;
        for (const Item& item : items) line(item, end - i > 1 ? &step : nullptr, at);
      }
      i = end;
    }
  }

  void line(const Item& item, const std::vector<int64_t>* step, size_t& at) {
    out_ << "    ";
    if (item.what == What::operation) {
      out_ << item.operation << (item.times > 1 ? " x" + std::to_string(item.times) : "") << "\n";
      return;
    }
    switch (item.what) {
      case What::read: out_ << "reads   "; break;
      case What::write: out_ << "writes  "; break;
      case What::atomic: out_ << "atomic  "; break;
      case What::copy: out_ << "copies  "; break;
      case What::matrix: out_ << "ldmatrix "; break;
      default: out_ << "zeros   "; break;
    }
    runs(item.region, item.runs, step, at);
    if (item.what == What::copy) out_ << " to ";
    if (!item.to.empty()) runs(kShared, item.to, step, at);
    out_ << "\n";
  }

  void runs(int region, const std::vector<Run>& all, const std::vector<int64_t>* step, size_t& at) {
    const bool operand = region >= 0;
    const auto* named = operand ? &request_.operands[static_cast<size_t>(region)] : nullptr;
    const uint64_t unit = operand ? named->element : 1, base = region == kScratch ? scratch_ : 0;
    const std::string name = operand ? named->name : region == kShared ? "shared" : "scratch";
    const auto units = [&](int64_t bytes) {
      return bytes % static_cast<int64_t>(unit) ? std::to_string(bytes) + " bytes" : std::to_string(bytes / static_cast<int64_t>(unit));
    };
    constexpr size_t kMost = 8;
    uint64_t rest = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const Run& r = all[i];
      const int64_t distance = step ? (*step)[at] : 0;
      ++at;
      if (i >= kMost) {
        rest += r.bytes * static_cast<uint64_t>(r.count);
        continue;
      }
      const uint64_t first = (r.offset - base) / unit, last = (r.offset - base + r.bytes - 1) / unit;
      out_ << (i ? ", " : "") << name << "[" << first;
      if (last != first) out_ << ".." << last;
      out_ << "]";
      if (r.count > 1) out_ << " x" << r.count << " every " << units(r.step);
      if (distance) out_ << " (" << (distance > 0 ? "+" : "") << units(distance) << " a thread)";
    }
    if (rest) out_ << ", and " << rest << " bytes in " << all.size() - kMost << " more runs";
  }

  const TraceRequest& request_;
  uint64_t scratch_ = 0;   // lowest address of it that was touched
  std::ostringstream out_;
};

}  // namespace

std::string tell(const TraceRequest& request, const std::vector<LaunchRecord>& launches) {
  return Teller(request, launches).tell(launches);
}

}  // namespace ganymede::kernels::sim::tracing

// How the executor names things in its messages.
#include <cstdio>
#include <cstring>
#include <map>

#include "language.h"
#include "machine.h"

namespace segue::simt {

std::string name_of(const Thread& t) {
  char b[128];
  std::snprintf(b, sizeof b, "block (%u,%u,%u) thread (%u,%u,%u) [warp %d lane %d]", blockIdx.x, blockIdx.y, blockIdx.z,
                t.index.x, t.index.y, t.index.z, t.warp, t.lane);
  return b;
}

}  // namespace segue::simt

#if defined(SEGUE_SIMT_ASAN)
/// AddressSanitizer calls this when it has found something: its report knows addresses, and neither kernel nor thread.
extern "C" void __asan_on_error() {
  using namespace segue::simt;
  if (in_kernel()) std::fprintf(stderr, "in kernel %s, %s:\n", machine().name, name_of(*machine().current).c_str());
}
#endif

namespace segue::simt {

std::string name_of(Site site) {
  if (!site.file) return "?";
  const char* slash = std::strrchr(site.file, '/');
  return std::string(slash ? slash + 1 : site.file) + ":" + std::to_string(site.line);
}

const char* name_of(WarpOp op) {
  switch (op) {
    case WarpOp::sync: return "__syncwarp";
    case WarpOp::shuffle: return "__shfl_sync";
    case WarpOp::shuffle_up: return "__shfl_up_sync";
    case WarpOp::shuffle_down: return "__shfl_down_sync";
    case WarpOp::shuffle_xor: return "__shfl_xor_sync";
    case WarpOp::ballot: return "__ballot_sync";
    case WarpOp::any: return "__any_sync";
    case WarpOp::all: return "__all_sync";
    case WarpOp::match_any: return "__match_any_sync";
    case WarpOp::add: return "__reduce_add_sync";
    case WarpOp::min_unsigned:
    case WarpOp::min_signed: return "__reduce_min_sync";
    case WarpOp::max_unsigned:
    case WarpOp::max_signed: return "__reduce_max_sync";
    case WarpOp::bit_and: return "__reduce_and_sync";
    case WarpOp::bit_or: return "__reduce_or_sync";
    case WarpOp::bit_xor: return "__reduce_xor_sync";
  }
  return "?";
}

std::string deadlock_report() {
  const Machine& m = machine();
  std::map<std::string, std::vector<int>> groups;
  for (int i = 0; i < m.threads; ++i) {
    const Thread& t = m.thread[size_t(i)];
    std::string what = "exited";
    if (t.state == State::at_barrier) what = "wait in __syncthreads at " + name_of(t.site);
    if (t.state == State::in_warp) {
      char mask[16];
      std::snprintf(mask, sizeof mask, "0x%08x", t.mask);
      what = std::string("wait in ") + name_of(t.op) + " mask " + mask + " at " + name_of(t.site);
    }
    groups[what].push_back(i);
  }
  std::string s = "deadlock in block (" + std::to_string(blockIdx.x) + "," + std::to_string(blockIdx.y) + "," +
                  std::to_string(blockIdx.z) + "): no thread can run";
  for (const auto& [what, ids] : groups) {
    s += "\n  " + std::to_string(ids.size()) + " thread(s) " + what + ":";
    for (size_t i = 0; i < ids.size();) {  // as ranges
      size_t last = i;
      while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) ++last;
      s += " " + std::to_string(ids[i]) + (last > i ? "-" + std::to_string(ids[last]) : "");
      i = last + 1;
    }
  }
  return s;
}

}  // namespace segue::simt

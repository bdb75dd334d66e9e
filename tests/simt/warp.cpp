// Warp collectives: every lane waits for the lanes that its mask names, then all get their results at once. Lanes of
// one warp otherwise run in any order, as on hardware since Volta.
#include <algorithm>
#include <bit>
#include <cstdio>

#include "machine.h"

namespace segue::simt {
namespace {

int64_t sign_extended(uint64_t v) { return int32_t(uint32_t(v)); }

uint64_t neutral(WarpOp op) {
  switch (op) {
    case WarpOp::all: return 1;
    case WarpOp::bit_and:
    case WarpOp::min_unsigned: return 0xffffffffu;
    case WarpOp::min_signed: return uint32_t(INT32_MAX);
    case WarpOp::max_signed: return uint32_t(INT32_MIN);
    default: return 0;
  }
}

uint64_t combine(WarpOp op, uint64_t a, const Thread& t) {
  const uint64_t v = t.value;
  switch (op) {
    case WarpOp::ballot: return a | v << t.lane;
    case WarpOp::any:
    case WarpOp::bit_or: return a | v;
    case WarpOp::all:
    case WarpOp::bit_and: return a & v;
    case WarpOp::bit_xor: return a ^ v;
    case WarpOp::add: return uint32_t(a + v);
    case WarpOp::min_unsigned: return std::min(a, v);
    case WarpOp::max_unsigned: return std::max(a, v);
    case WarpOp::min_signed: return uint32_t(std::min(sign_extended(a), sign_extended(v)));
    case WarpOp::max_signed: return uint32_t(std::max(sign_extended(a), sign_extended(v)));
    default: return a;
  }
}

/// The lane that a shuffle reads, after the PTX definition of shfl.sync.
int source_lane(const Thread& t) {
  const int lane = t.lane, first = lane & ~(t.width - 1), last = lane | (t.width - 1);
  int source = lane;
  switch (t.op) {
    case WarpOp::shuffle: return first | (t.parameter & (t.width - 1));
    case WarpOp::shuffle_up: source = lane - t.parameter; break;
    case WarpOp::shuffle_down: source = lane + t.parameter; break;
    case WarpOp::shuffle_xor: source = lane ^ t.parameter; break;
    default: return lane;
  }
  if (t.op == WarpOp::shuffle_up) return source < first ? lane : source;
  return source > last ? lane : source;
}

bool is_shuffle(WarpOp op) { return op >= WarpOp::shuffle && op <= WarpOp::shuffle_xor; }

template <class F>
void for_lanes(unsigned mask, F f) {
  for (; mask; mask &= mask - 1) f(std::countr_zero(mask));
}

std::string hex(unsigned v) {
  char b[16];
  std::snprintf(b, sizeof b, "0x%08x", v);
  return b;
}

/// Gives each lane of `lanes` its result. All lanes are served here, by the last to come: a lane that went on earlier
/// could have overwritten its value with that of its next collective.
void serve(int warp_index, unsigned lanes) {
  Machine& m = machine();
  const Warp& w = m.warp[size_t(warp_index)];
  Thread* base = &m.thread[size_t(warp_index) * 32];
  const WarpOp op = base[std::countr_zero(lanes)].op;
  uint64_t all = neutral(op);
  for_lanes(lanes, [&](int i) { all = combine(op, all, base[i]); });
  for_lanes(lanes, [&](int i) {
    Thread& t = base[i];
    if (op == WarpOp::match_any) {
      t.result = 0;
      for_lanes(lanes, [&](int j) { t.result |= base[j].value == t.value ? 1u << j : 0u; });
    } else if (is_shuffle(op)) {
      const int source = source_lane(t);
      if (!((lanes >> source) & 1) && !m.failed) {
        const char* why = !((w.exists >> source) & 1) ? "does not exist"
                          : (w.exited >> source) & 1  ? "has exited"
                                                      : "is not in the mask";
        m.error = std::string(name_of(op)) + " reads lane " + std::to_string(source) + ", which " + why + " (" +
                  hex(t.mask) + "), at " + name_of(t.site) + "\n  in " + name_of(t);
        m.failed = true;
        return;
      }
      t.result = base[source].value;
    } else {
      t.result = all;
    }
  });
}

/// Completes the collective of `mask` if all its lanes are there. True if it did, or failed.
bool try_complete(int warp_index, unsigned mask) {
  Machine& m = machine();
  Warp& w = m.warp[size_t(warp_index)];
  const unsigned needed = mask & w.exists & ~w.exited;
  if (!needed || (w.waiting & needed) != needed) return false;
  Thread* base = &m.thread[size_t(warp_index) * 32];
  const Thread& first = base[std::countr_zero(needed)];
  for_lanes(needed, [&](int i) {
    const Thread& t = base[i];
    if ((t.mask == mask && t.op == first.op) || m.failed) return;
    m.error = std::string("warp collectives do not match: lane ") + std::to_string(first.lane) + " waits in " +
              name_of(first.op) + " with mask " + hex(first.mask) + " at " + name_of(first.site) + ", lane " +
              std::to_string(t.lane) + " in " + name_of(t.op) + " with mask " + hex(t.mask) + " at " + name_of(t.site) +
              "\n  in " + name_of(t);
    m.failed = true;
  });
  if (m.failed) return true;
  serve(warp_index, needed);
  if (first.op == WarpOp::sync) race_warp_sync(warp_index, needed);
  w.waiting &= ~needed;
  m.spins = 0;
  ++m.stats.collectives;
  uint16_t ids[32];
  int count = 0;
  for_lanes(needed, [&](int i) { ids[count++] = uint16_t(warp_index * 32 + i); });
  make_ready(ids, count);
  return true;
}

}  // namespace

uint64_t warp_collective(WarpOp op, unsigned mask, uint64_t value, int parameter, int width, Site site) {
  Machine& m = machine();
  Thread& t = *m.current;
  const unsigned bit = 1u << t.lane;
  if (!(mask & bit))
    kernel_error(std::string(name_of(op)) + ": " + hex(mask) + " does not name the calling lane", site);
  if (width <= 0 || width > 32 || (width & (width - 1)) != 0)
    kernel_error(std::string(name_of(op)) + ": the width is not a power of two up to 32", site);
  t.op = op;
  t.mask = mask;
  t.value = value;
  t.parameter = parameter;
  t.width = uint8_t(width);
  t.site = site;
  t.state = State::in_warp;
  m.warp[t.warp].waiting |= bit;
  try_complete(t.warp, mask);
  if (m.failed) throw Abandoned{};
  block_current();
  return t.result;
}

void warp_lane_exited(int warp) {
  Machine& m = machine();
  for (unsigned rest = m.warp[size_t(warp)].waiting; rest && !m.failed;) {
    const unsigned mask = m.thread[size_t(warp * 32 + std::countr_zero(rest))].mask;
    rest &= ~mask;
    try_complete(warp, mask);
  }
}

unsigned active_mask() { return 1u << machine().current->lane; }

}  // namespace segue::simt

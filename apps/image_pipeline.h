// Many images through three steps at once: while one is computed, the next are read and the last are written.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace segue {

/// For every i of [0, count): read(i, item), compute(i, item), write(i, item). compute runs on the calling thread, in order of i; read
/// and write run on `helpers` other threads, in any order, a few images ahead and behind. Items are used again, with what
/// is in them. compute returns false to stop: images that were computed are still written. Throws the first error of any step, after all threads
/// have ended.
template <class Item, class Read, class Compute, class Write>
void image_pipeline(int64_t count, int64_t helpers, Read&& read, Compute&& compute, Write&& write) {
  enum class State { free, reading, read, computed, writing };
  struct Slot {
    Item item;
    int64_t i = 0;
    State state = State::free;
  };
  std::vector<Slot> slots(size_t(std::clamp<int64_t>(2 * helpers + 1, 1, std::max<int64_t>(count, 1))));
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr error;
  int64_t next_read = 0;  // image that is read next
  bool no_more_reads = false;

  const auto set = [&](Slot& s, State state) {
    const std::lock_guard lock(mutex);
    s.state = state;
    changed.notify_all();
  };
  const auto failed = [&] {
    const std::lock_guard lock(mutex);
    if (!error) error = std::current_exception();
    changed.notify_all();
  };
  const auto slot_of = [&](int64_t i) -> Slot& { return slots[size_t(i % int64_t(slots.size()))]; };

  const auto help = [&] {
    for (;;) {
      Slot* slot = nullptr;
      bool writes = false;
      {
        std::unique_lock lock(mutex);
        for (;; changed.wait(lock)) {
          if (error) return;
          for (Slot& s : slots)
            if (s.state == State::computed && (!slot || s.i < slot->i)) slot = &s;
          if ((writes = slot != nullptr)) break;
          const bool reads = !no_more_reads && next_read < count;
          if (reads && slot_of(next_read).state == State::free) {
            slot = &slot_of(next_read);
            slot->i = next_read++;
            break;
          }
          const bool idle =
              std::none_of(slots.begin(), slots.end(), [](const Slot& s) { return s.state != State::free; });
          if (!reads && idle) return;
        }
        slot->state = writes ? State::writing : State::reading;
      }
      try {
        if (writes)
          write(slot->i, slot->item);
        else
          read(slot->i, slot->item);
      } catch (...) {
        return failed();
      }
      set(*slot, writes ? State::free : State::read);
    }
  };

  std::vector<std::thread> threads;
  try {
    for (int64_t t = 0; t < std::max<int64_t>(helpers, 1); ++t) threads.emplace_back(help);
    for (int64_t i = 0; i < count; ++i) {
      Slot& slot = slot_of(i);
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return error || (slot.i == i && slot.state == State::read); });
        if (error) break;
      }
      const bool go_on = compute(i, slot.item);
      const std::lock_guard lock(mutex);
      slot.state = State::computed;
      if (!go_on) {
        // What was read ahead is dropped.
        no_more_reads = true;
        break;
      }
      changed.notify_all();
    }
  } catch (...) {
    failed();
  }
  {
    std::unique_lock lock(mutex);
    no_more_reads = true;
    changed.notify_all();
    // Reads that are under way end first; then nothing but writes is left.
    changed.wait(lock, [&] {
      return error || std::none_of(slots.begin(), slots.end(), [](const Slot& s) { return s.state == State::reading; });
    });
    for (Slot& s : slots)
      if (s.state == State::read) s.state = State::free;
    changed.notify_all();
  }
  for (std::thread& t : threads) t.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace segue

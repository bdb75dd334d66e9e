// A mutation fuzzer with a seed: the same seed and number of runs give the same inputs. g++ has no libFuzzer, and CI
// wants to repeat itself. Built with the address and undefined behaviour sanitizers, which turn a wild read into a
// failure; the driver adds limits on memory and time.
//   fuzz_x [--seconds N] [--runs N] [--seed S] [FILE...]     files: run these inputs only
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "fuzz.h"

// From the sanitizer's allocator_interface.h, which g++ does not ship; its library has them.
extern "C" {
size_t __sanitizer_get_allocated_size(const volatile void* p);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                              void (*on_free)(const volatile void*));
}

namespace {

// Heap in use, counted by the sanitizer's hooks.
std::atomic<size_t> in_use{0}, peak{0};

void count_malloc(const volatile void* p, size_t) {
  const size_t now = in_use += __sanitizer_get_allocated_size(p);
  size_t before = peak;
  while (now > before && !peak.compare_exchange_weak(before, now)) {
  }
}
void count_free(const volatile void* p) {
  if (p) in_use -= __sanitizer_get_allocated_size(p);
}

}  // namespace

namespace segue::fuzz {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMaxSeconds = 5;  // of the processor, for one input, under sanitizers
constexpr size_t kMaxBytes = 1 << 16;

const std::string* current = nullptr;
long current_run = 0;
double most_share = 0;  // of the memory limit, over all inputs

/// Leaves the input behind, whatever ended the program.
void save_input() {
  if (!current) return;
  const std::string name = std::string("crash-") + target().name + ".bin";
  if (FILE* f = std::fopen(name.c_str(), "wb")) {
    std::fwrite(current->data(), 1, current->size(), f);
    std::fclose(f);
  }
  std::fprintf(stderr, "fuzz: run %ld: %zu bytes are in %s\n", current_run, current->size(), name.c_str());
}

/// Time that others take from the process does not count; an input that waits for ever is ended by ctest's own limit.
double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

bool run_one(const std::string& input) {
  current = &input;
  const size_t before = in_use;
  peak = before;
  const double start = processor_seconds();
  const bool accepted = target().run(input);
  const double seconds = processor_seconds() - start;
  const size_t taken = peak - before;
  const size_t limit = target().memory_limit(input.size());
  most_share = std::max(most_share, double(taken) / double(limit));
  if (taken > limit) {
    std::fprintf(stderr, "fuzz: %zu bytes of heap for an input of %zu\n", taken, input.size());
    expect(false, "memory stays a small multiple of the input");
  }
  expect(seconds < kMaxSeconds, "an input is read in time");
  expect(in_use == before, "nothing is left on the heap");
  current = nullptr;
  return accepted;
}

/// A change that knows nothing of the format.
void mutate_bytes(std::string& s, Random& random, const std::vector<std::string>& words) {
  const auto at = [&] { return size_t(below(random, s.size() + 1)); };
  switch (below(random, 9)) {
    case 0:
      if (!s.empty()) s[below(random, s.size())] ^= char(1 << below(random, 8));
      break;
    case 1:
      if (!s.empty()) s[below(random, s.size())] = char(random());
      break;
    case 2: s.insert(at(), 1, char(random())); break;
    case 3: {
      const size_t begin = at();
      s.erase(begin, below(random, 1 + std::min<size_t>(64, s.size() - begin)));
      break;
    }
    case 4: {  // a part twice
      const size_t begin = at(), n = below(random, 1 + std::min<size_t>(256, s.size() - begin));
      s.insert(at(), s.substr(begin, n));
      break;
    }
    case 5: s.resize(at()); break;
    case 6:
    case 7:
      if (!words.empty()) s.insert(at(), words[below(random, words.size())]);
      break;
    default: {  // the same word many times: depth and length
      if (words.empty()) break;
      const std::string& word = words[below(random, words.size())];
      std::string many;
      for (uint64_t n = uint64_t(1) << below(random, 12); n > 0 && many.size() < 8192; --n) many += word;
      s.insert(at(), many);
    }
  }
}

int run(double seconds, long runs, uint64_t seed) {
  Random random(seed);
  std::vector<std::string> pool = target().corpus();
  const std::vector<std::string> words = target().words();
  const size_t own = pool.size();
  long accepted = 0, total = 0;
  for (const std::string& input : pool) target().run(input);  // tables made at first use stay on the heap
  for (const std::string& input : pool) accepted += run_one(input);
  const auto start = Clock::now();
  while (runs > 0 ? total < runs : std::chrono::duration<double>(Clock::now() - start).count() < seconds) {
    std::string input = pool[below(random, pool.size())];
    for (uint64_t n = 1 + below(random, 4); n > 0; --n) {
      if (below(random, 2))
        input = target().mutate(input, random);
      else
        mutate_bytes(input, random, words);
    }
    if (input.size() > kMaxBytes) input.resize(kMaxBytes);
    current_run = ++total;
    if (!run_one(input)) continue;
    ++accepted;
    // What is accepted lies on the far side of every check: a good place to start from again.
    if (pool.size() < own + 256)
      pool.push_back(std::move(input));
    else
      pool[own + below(random, 256)] = std::move(input);
  }
  std::printf("fuzz %s: seed %llu, %ld inputs, %ld accepted, at most %.2f of the memory limit\n", target().name,
              (unsigned long long)seed, total, accepted, most_share);
  expect(accepted > 0, "some input is accepted");
  expect(accepted < total + long(own), "some input is refused");
  return 0;
}

}  // namespace

void expect(bool ok, const char* promise) {
  if (ok) return;
  std::fprintf(stderr, "fuzz: broken promise: %s\n", promise);
  save_input();
  std::abort();
}

}  // namespace segue::fuzz

int main(int argc, char** argv) {
  using namespace segue::fuzz;
  double seconds = 10;
  long runs = 0;
  uint64_t seed = 1;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const bool has_value = i + 1 < argc;
    if (a == "--seconds" && has_value)
      seconds = std::atof(argv[++i]);
    else if (a == "--runs" && has_value)
      runs = std::atol(argv[++i]);
    else if (a == "--seed" && has_value)
      seed = std::strtoull(argv[++i], nullptr, 10);
    else
      files.push_back(a);
  }
  __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
  __sanitizer_set_death_callback(+[] { save_input(); });
  for (const std::string& f : files) {
    std::ifstream file(f, std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s: %s\n", f.c_str(), run_one(input) ? "accepted" : "refused");
  }
  return files.empty() ? run(seconds, runs, seed) : 0;
}

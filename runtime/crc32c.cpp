#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace segue {
namespace {

#if !defined(__SSE4_2__)
constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ kPolynomial : c >> 1;
    table[i] = c;
  }
  return table;
}();
#endif

uint32_t step(uint32_t c, uint8_t byte) {
#if defined(__SSE4_2__)
  return _mm_crc32_u8(c, byte);
#else
  return c >> 8 ^ kTable[(c ^ byte) & 255];
#endif
}

}  // namespace

uint32_t crc32c(const void* data, size_t bytes, uint32_t before) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  uint32_t c = ~before;
#if defined(__SSE4_2__) && defined(__x86_64__)
  for (; bytes >= 8; p += 8, bytes -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    c = uint32_t(_mm_crc32_u64(c, word));
  }
#endif
  for (; bytes > 0; ++p, --bytes) c = step(c, *p);
  return ~c;
}

}  // namespace segue

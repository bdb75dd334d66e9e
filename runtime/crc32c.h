// CRC-32C (Castagnoli): the checksum of packs and event files.
#pragma once

#include <cstddef>
#include <cstdint>

namespace segue {

/// Checksum of `bytes` bytes, of "123456789" 0xE3069283. With `before`, the checksum of what came before them, that of both
/// together. Source: RFC 3720, appendix B.4.
uint32_t crc32c(const void* data, size_t bytes, uint32_t before = 0);

}  // namespace segue

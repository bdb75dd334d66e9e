// Text for messages: names out of untrusted files, and the name that was probably meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segue {

/// `text` in single quotes, fit for one line of a terminal: bytes that are not printable ASCII or valid UTF-8 become
/// \xNN, and what goes beyond `most` bytes becomes "...".
std::string quote(std::string_view text, size_t most = 200);

/// The same without quotes: for columns, and for "file:line".
std::string plain_text(std::string_view text, size_t most = 200);

/// True if `text` is valid UTF-8: no overlong forms, surrogates, or values above 10FFFF (Unicode 15, table 3-7).
bool is_utf8(std::string_view text);

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string
/// alignment). Time and memory grow with the product of the lengths.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` by edit_distance, or "" if none is near: at most a third of its letters away, 2 in
/// short words, 1 in words of three letters; "gpu" means "cuda". Words longer than 256 bytes have no neighbours.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" with the nearest candidate, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// 512 -> "512 B", 1536 -> "1.5 KiB", up to TiB.
std::string bytes_text(uint64_t bytes);

/// 39761331 -> "39,761,331".
std::string count_text(uint64_t count);

}  // namespace segue

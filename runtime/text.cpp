#include "text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kernels/error.h"

namespace segue {
namespace {

/// Length of the UTF-8 sequence at the start of `s`, 0 if there is no valid one.
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto tail = [&](size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned a = at(0), b = at(1);
  if (s.empty()) return 0;
  if (a < 0x80) return 1;
  if (a < 0xC2) return 0;
  if (a < 0xE0) return tail(1) ? 2 : 0;
  if (a < 0xF0) {
    const bool overlong = a == 0xE0 && b < 0xA0, surrogate = a == 0xED && b >= 0xA0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (a < 0xF5) {
    const bool overlong = a == 0xF0 && b < 0x90, too_high = a == 0xF4 && b >= 0x90;
    return tail(1) && tail(2) && tail(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

/// Controls (C0, DEL, C1), and the marks that break a line or reorder it.
bool is_control(std::string_view c) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(c[i]); };
  if (c.size() == 1) return at(0) < 0x20 || at(0) == 0x7F;
  if (c.size() == 2) return at(0) == 0xC2 && at(1) < 0xA0;
  if (c.size() != 3 || at(0) != 0xE2) return false;
  if (at(1) == 0x80) return at(2) == 0x8E || at(2) == 0x8F || (at(2) >= 0xA8 && at(2) <= 0xAE);
  return at(1) == 0x81 && at(2) >= 0xA6 && at(2) <= 0xA9;
}

}  // namespace

std::string quote(std::string_view text, size_t most) {
  std::string out = "'";
  size_t i = 0;
  while (i < text.size() && i < most) {
    const size_t n = utf8_length(text.substr(i, 4));
    const std::string_view c = text.substr(i, std::max<size_t>(n, 1));
    if (n > 0 && !is_control(c)) {
      out += c;
    } else {
      for (const char byte : c) {
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(byte));
        out += hex;
      }
    }
    i += c.size();
  }
  return out + (i < text.size() ? "...'" : "'");
}

std::string plain_text(std::string_view text, size_t most) {
  const std::string q = quote(text, most);
  return q.substr(1, q.size() - 2);
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const size_t n = utf8_length(text.substr(i, 4));
    if (n == 0) return false;
    i += n;
  }
  return true;
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = int(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = int(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word == "gpu" && std::find(candidates.begin(), candidates.end(), "cuda") != candidates.end()) return "cuda";
  constexpr size_t kLongest = 256;
  if (word.size() > kLongest) return "";
  const int limit = word.size() <= 3 ? 1 : std::max(2, int(word.size()) / 3);
  int best = limit + 1;
  std::string found;
  for (const std::string& c : candidates) {
    // The difference of the lengths bounds the distance from below.
    if (c.size() > kLongest || std::abs(int(c.size()) - int(word.size())) >= best) continue;
    const int d = edit_distance(word, c);
    // A candidate with nothing in common is no neighbour, however short.
    if (d < best && d < int(std::max(word.size(), c.size()))) {
      best = d;
      found = c;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string found = nearest(word, candidates);
  return found.empty() ? "" : cat("; did you mean ", quote(found), "?");
}

std::string bytes_text(uint64_t bytes) {
  static const char* const kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = double(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string count_text(uint64_t count) {
  std::string digits = std::to_string(count);
  for (int i = int(digits.size()) - 3; i > 0; i -= 3) digits.insert(size_t(i), 1, ',');
  return digits;
}

}  // namespace segue

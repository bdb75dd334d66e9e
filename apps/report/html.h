// Text as HTML that is well-formed XML too. Everything that comes from a file goes through escaped().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace segue::report {

/// For content and for attributes in double quotes: & < > " ' as references; control characters that HTML and XML refuse, and
/// bytes that are not UTF-8, as U+FFFD.
std::string escaped(std::string_view text);

/// An attribute with a leading space: ` name="value"`, escaped.
std::string attribute(std::string_view name, std::string_view value);

/// RFC 4648 with padding.
std::string base64(std::string_view bytes);

// Numbers for people.

std::string fixed(double value, int digits);
/// 0.4467 -> "44.7"
std::string percent(double share, int digits = 1);
/// Three significant digits, without an exponent from 0.001 up to a million: "0.0123", "12.3", "1.23e-05".
std::string short_number(double value);

}  // namespace segue::report

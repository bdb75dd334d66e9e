// The look of a report.
#pragma once

namespace segue::report {

/// The page's only style sheet: light and dark as the reader's system is set, and for paper. Free of '<' and '&', so that it
/// is XML as it is.
extern const char* const kStyle;

}  // namespace segue::report

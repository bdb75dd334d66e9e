// The words in which people name data: "kind:PATH?option=value".
#pragma once

#include <map>
#include <string>
#include <vector>

namespace segue::data {

/// What a spec says.
struct DataSpec {
  std::string text;                            ///< as it was given
  std::string kind;                            ///< "cityscapes"
  std::string path;                            ///< with variables expanded
  std::map<std::string, std::string> options;  ///< split, scheme, broken

  /// The option's value, or `otherwise`.
  std::string option(const std::string& name, const std::string& otherwise = "") const;
};

/// Takes a spec of one set apart. In the path $NAME and ${NAME} become the variable's value, "$$" a dollar, and "~/" the home folder.
/// Throws usage for an unknown kind or option, for a variable that is not set, and for a mix.
DataSpec parse_data_spec(const std::string& text);

/// The split that a spec names, or else that of an option ("": not given), or else `otherwise`. Throws usage if both
/// are given and differ, and for an option where the kind has no splits.
std::string choose_split(const std::string& text, const std::string& option, const std::string& otherwise);

/// A spec of a mix and its share; 0: none was given.
struct MixPart {
  double share = 0;
  std::string spec;
};

/// Takes "0.7*gta5:A + 0.3*cityscapes:B" apart; a '+' that no share or kind follows, nor what is
/// nearly a kind, belongs to a path. Throws usage for a share that is not above 0.
std::vector<MixPart> parse_data_mix(const std::string& text);

}  // namespace segue::data

#include "differing_members.h"

#include "kernels/error.h"

namespace segue {

std::string differing_members(const Json& then, const Json& now) {
  std::string text;
  const auto add = [&](const std::string& key, const Json* a, const Json* b) {
    text += cat(text.empty() ? "" : "; ", key, ' ', a ? a->dump() : "none", ", now ", b ? b->dump() : "none");
  };
  for (const auto& [key, value] : now.members())
    if (const Json* before = then.find(key); !before || before->dump() != value.dump()) add(key, before, &value);
  for (const auto& [key, value] : then.members())
    if (!now.find(key)) add(key, &value, nullptr);
  return text;
}

}  // namespace segue

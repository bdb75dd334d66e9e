# Run at every build: writes OUT with the commit of SOURCE_DIR, and leaves it alone if nothing changed.
find_program(git git)
set(id "")
if(git)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --match=v*
    OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT id)
  set(id unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT [[
#include "apps/build_info.h"
namespace segue::build {
const char* git_id() { return "@id@"; }
}  // namespace segue::build
]] @ONLY)

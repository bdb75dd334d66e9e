// What this program was built from and with.
#pragma once

namespace segue::build {

extern const char* const kVersion;     ///< "0.1.0"
extern const char* const kCompiler;    ///< "GNU 12.2.0"
extern const char* const kType;        ///< "Release"
extern const char* const kCpuArch;     ///< -march of the CPU code; "" for the compiler's default
extern const char* const kSanitizers;  ///< "address,undefined"; "" for none
extern const char* const kCuda;        ///< version of the CUDA compiler; "" if built without
/// The commit, with "-dirty" if files differed from it; "unknown" outside a repository.
const char* git_id();

}  // namespace segue::build

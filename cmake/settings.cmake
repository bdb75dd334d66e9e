# Language, warnings, sanitizers and instruction set, the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
if(NOT SEGUE_SANITIZE)  # whose presets say how far to optimise
  set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
endif()

# -Wno-restrict: GCC 12 reports overlapping copies inside std::string that do not exist (GCC PR 105651).
add_library(segue_settings INTERFACE)
# Nothing reads errno or the floating point flags; without the two, loops with comparisons are not vectorised.
target_compile_options(segue_settings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wno-unknown-pragmas -Wno-restrict -fno-math-errno -fno-trapping-math>)
if(SEGUE_WERROR)
  target_compile_options(segue_settings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(SEGUE_SANITIZE)
  # -Wno-maybe-uninitialized: with sanitizers GCC 12 finds it inside std::regex.
  target_compile_options(segue_settings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${SEGUE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
    -Wno-maybe-uninitialized>)
  target_link_options(segue_settings INTERFACE -fsanitize=${SEGUE_SANITIZE})
endif()

# The CPU kernels want AVX2 and FMA: taken if the building machine has them; a binary for another machine names its
# own level: -DSEGUE_CPU_ARCH=x86-64. Bits depend on it, so checkpoints record it.
if(NOT DEFINED SEGUE_CPU_ARCH)
  set(level "")
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    set(level x86-64)
    if(EXISTS /proc/cpuinfo)
      file(STRINGS /proc/cpuinfo flags REGEX "^flags" LIMIT_COUNT 1)
      if(flags MATCHES " avx2" AND flags MATCHES " fma" AND flags MATCHES " bmi2")
        set(level x86-64-v3)
      endif()
    endif()
  endif()
  set(SEGUE_CPU_ARCH "${level}" CACHE STRING "-march of the CPU code; empty: the compiler's default")
endif()
if(SEGUE_CPU_ARCH)
  # A target with the property SEGUE_MARCH has its own level.
  set(own "$<TARGET_PROPERTY:SEGUE_MARCH>")
  target_compile_options(segue_settings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-march=$<IF:$<BOOL:${own}>,${own},${SEGUE_CPU_ARCH}>>)
endif()

# The convolutions are compiled for AVX-512 as well, whatever the building machine has: kernels/conv_dispatch.cpp.
include(CheckCXXCompilerFlag)
set(avx512 OFF)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND SEGUE_CPU_ARCH MATCHES "^x86-64(-v[23])?$")
  check_cxx_compiler_flag("-march=x86-64-v4 -fno-weak" SEGUE_COMPILER_HAS_AVX512)
  set(avx512 ${SEGUE_COMPILER_HAS_AVX512})
endif()
option(SEGUE_WITH_AVX512 "Compile the convolutions for AVX-512 as well, used where the machine has it" ${avx512})

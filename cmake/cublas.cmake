# cuBLAS as segue::cublas: with the CUDA toolkit, or in a Python environment (a wheel has headers, and libcublas.so.13
# under that name alone). Not found: no target.
set(hints ${CUDAToolkit_LIBRARY_ROOT} ${CUDAToolkit_TARGET_DIR} ${CUDAToolkit_BIN_DIR}/..)
if(NOT SEGUE_CUBLAS_INCLUDE_DIR OR NOT SEGUE_CUBLAS_LIBRARY)
  find_program(python NAMES python3 python NO_CACHE)
  if(python)
    execute_process(OUTPUT_VARIABLE folders ERROR_QUIET COMMAND ${python} -c
      "import glob, site, sysconfig; print(';'.join(f for s in dict.fromkeys([sysconfig.get_path('purelib'), *site.getsitepackages()]) for f in sorted(glob.glob(s + '/nvidia/cu*'), reverse=True)), end='')")
    list(APPEND hints ${folders})
  endif()
endif()
find_path(SEGUE_CUBLAS_INCLUDE_DIR cublas_v2.h HINTS ${hints} PATH_SUFFIXES include)
find_library(SEGUE_CUBLAS_LIBRARY NAMES cublas libcublas.so.13 libcublas.so.12 HINTS ${hints} PATH_SUFFIXES lib lib64)
mark_as_advanced(SEGUE_CUBLAS_INCLUDE_DIR SEGUE_CUBLAS_LIBRARY)
if(SEGUE_CUBLAS_INCLUDE_DIR AND SEGUE_CUBLAS_LIBRARY)
  add_library(segue::cublas UNKNOWN IMPORTED)
  set_target_properties(segue::cublas PROPERTIES IMPORTED_LOCATION ${SEGUE_CUBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SEGUE_CUBLAS_INCLUDE_DIR})
endif()

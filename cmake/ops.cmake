# Every operation, by name. An op X is kernels/X.h, kernels/X_cpu.cpp, kernels/X_cuda.cu (or .cpp),
# runtime/ops/X.cpp (unless it only launches) and tests/cases/X.cpp. A missing file stops the build.
set(SEGUE_OPS
    conv2d conv_transpose2d bias
    batch_norm instance_norm
    relu leaky_relu tanh sigmoid softmax
    max_pool mean_pool resize_bilinear
    pad_reflect pad_constant crop flip concat phases
    add scale lerp fill reduce dropout image_pool
    softmax_xent softmax_entropy kl_div l1 lsgan bce_logits
    label_norm pseudo_label cutmix confusion
    upsample_xent upsample_pseudo_label upsample_confusion image_in
    sgd adam loss_scale)

# Ops that only launch: no gradient, results live in buffers of the caller.
set(SEGUE_LAUNCH_ONLY_OPS lerp fill image_pool label_norm pseudo_label cutmix confusion
    upsample_pseudo_label upsample_confusion image_in sgd adam loss_scale)

set(SEGUE_ONLY_OPS "" CACHE STRING "Work on a few ops: build these, and of the rest of the tree what exists (empty: all)")
if(SEGUE_ONLY_OPS)
  set(SEGUE_OPS ${SEGUE_ONLY_OPS})
  foreach(op batch_norm conv2d conv_transpose2d) # whose launchers call its
    if(op IN_LIST SEGUE_OPS AND NOT phases IN_LIST SEGUE_OPS)
      list(APPEND SEGUE_OPS phases)
    endif()
  endforeach()
endif()

# Those with a CUDA overload: X_cuda.cu, or X_cuda.cpp where it only calls a library.
set(SEGUE_CUDA_OPS "")
foreach(op ${SEGUE_OPS})
  foreach(extension cu cpp)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/${op}_cuda.${extension})
      list(APPEND SEGUE_CUDA_OPS ${op})
      set(SEGUE_CUDA_SOURCE_${op} ${op}_cuda.${extension})
    endif()
  endforeach()
  if(NOT SEGUE_ONLY_OPS AND NOT op IN_LIST SEGUE_CUDA_OPS)
    message(FATAL_ERROR "op ${op} has neither kernels/${op}_cuda.cu nor kernels/${op}_cuda.cpp")
  endif()
endforeach()

# Sources of a target: all of them, or under SEGUE_ONLY_OPS those that are there.
function(segue_sources result)
  set(found "")
  foreach(file ${ARGN})
    if(NOT SEGUE_ONLY_OPS OR EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      list(APPEND found ${file})
    endif()
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

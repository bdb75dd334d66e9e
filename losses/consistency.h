// Agreement of a student with a teacher on images without labels. The teacher receives no gradient.
#pragma once

#include "runtime/ops.h"

namespace segue {

/// Mean divergence of the student from the teacher -> ():
///
///   L = 1/P sum_p w_p KL(softmax(teacher_p) || softmax(student_p))
///
/// student, teacher (N,H,W,C) logits; weights (N,H,W) f32, the teacher's confidence or a mask of it, or empty: 1. The
/// mean is over all pixels, doubtful ones too. Throws invalid_argument if shapes disagree.
/// Source: Xie et al. 2020, "UDA", arXiv:1904.12848, equation 1, and its confidence masks, section 2.4.
Tensor kl_consistency(Context& c, const Tensor& student, const Tensor& teacher, const Tensor& weights);

/// Squared difference of the class distributions -> ():
///
///   L = share 1/P sum_p sum_c (softmax(student)_pc - softmax(teacher)_pc)^2
///
/// student, teacher (N,H,W,C) logits; share () f32 on the device, the part of the pixels on which the teacher is
/// confident, or absent: 1. Throws invalid_argument if shapes disagree.
/// Source: French et al. 2020, arXiv:1906.01916, section 3.
Tensor squared_consistency(Context& c, const Tensor& student, const Tensor& teacher, const View& share);

}  // namespace segue

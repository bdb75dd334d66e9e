// CycleGAN: two generators, G from A to B and F back, and the discriminators of both domains.
#pragma once

#include "adversarial.h"

namespace segue {

/// Weights of the generators' loss; the defaults are the authors'.
struct CycleWeights {
  float cycle_a = 10;
  float cycle_b = 10;
  float identity = 0.5f;  ///< times cycle_a and cycle_b; 0: the identity terms are not made
};

/// Declares the weights on the step state, as cycle_generator_loss wants them, and sets them; calling it again sets
/// them anew. They reach the device with the next Context::begin_step: weights may ramp.
View cycle_weights(StepState& state, const CycleWeights& weights);

/// What the generators have made in one step. Images (N,H,W,3), scores of any shape.
struct CycleBatch {
  Tensor real_a, real_b;
  Tensor scores_b, scores_a;  ///< D_B(G(a)), D_A(F(b)); the discriminators frozen
  Tensor cycled_a, cycled_b;  ///< F(G(a)), G(F(b))
  Tensor same_a, same_b;      ///< F(a), G(b); both empty without identity terms
};

/// The loss and its unweighted terms, for the log; all ().
struct CycleLoss {
  Tensor total;
  Tensor gan_b, gan_a, cycle_a, cycle_b, identity_a, identity_b;  ///< identities may be empty
};

/// The side of the generators:
///
///   L = L_gan(D_B(G(a)), 1) + L_gan(D_A(F(b)), 1) + lambda_a |F(G(a)) - a| + lambda_b |G(F(b)) - b|
///       + lambda_id (lambda_a |F(a) - a| + lambda_b |G(b) - b|),   |.| a mean
///
/// weights: from cycle_weights(), (6), or (4) without identity terms.
/// Throws invalid_argument if shapes disagree, or the identity images do not fit the weights.
/// Source: Zhu et al. 2017, arXiv:1703.10593, equations 1 to 3 and section 5.2; the weights of its reference code.
CycleLoss cycle_generator_loss(Context& c, const CycleBatch& batch, const View& weights, GanLoss kind = GanLoss::lsgan);

}  // namespace segue

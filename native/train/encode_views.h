#pragma once
// Views through an encoder: which of them, with one set of batch statistics or one a view, and all at once or
// in chunks of examples. With chunks the encoder's activations are kept for one of them only (Gao, Zhang, Han
// & Callan, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021): all embeddings
// first, without a graph, then the loss and its gradient in them, which every chunk's second pass sends on.
#include <ATen/core/Tensor.h>

#include "error.h"
#include "model/encoder.h"
#include "model/sample_cnn.h"
#include "objective/objective.h"
#include "train/trainer_spec.h"

namespace clmr {

// Whether views [B·V, T] go through the encoder in more than one chunk.
bool InChunks(const TrainerSpec& spec, const at::Tensor& views);

// views [B·V, T] → embeddings [B·count, E] of the views of `range`, rows grouped by example. Differentiable
// in the weights, but not in chunks: then EncodeBackward takes the gradient of the embeddings to the weights.
at::Tensor EncodeViews(const TrainerSpec& spec, const SampleCnn& encoder, const at::Tensor& views,
                       ViewRange range, bool training, const AbortFlag& abort);

// The same by a frozen encoder: not differentiable, and never in chunks, since it keeps no activations.
at::Tensor EncodeViews(const TrainerSpec& spec, const Encoder& frozen, const at::Tensor& views,
                       ViewRange range, const AbortFlag& abort);

// gradient [B·count, E] of embeddings that EncodeViews made in chunks: adds up in the weights. `encoder` has
// to have running statistics of its own, since they move once more.
void EncodeBackward(const TrainerSpec& spec, const SampleCnn& encoder, const at::Tensor& views,
                    ViewRange range, const at::Tensor& gradient, const AbortFlag& abort);

}  // namespace clmr

#pragma once
// Named tensors → the tensors of a model, with errors that say which one is wrong.
#include <set>
#include <string>

#include "model/sample_cnn.h"

namespace clmr {

// The part of `all` under a prefix, without it; and the other way round.
NamedTensors Under(const NamedTensors& all, const std::string& prefix);
void Append(NamedTensors& all, const std::string& prefix, NamedTensors part);

class StateReader {
 public:
  // what: what the state is of, for messages
  StateReader(const NamedTensors& state, const char* what) : state_(state), what_(what) {}

  // A copy of the tensor; throws ERR_CHECKPOINT where it is missing or not of this shape.
  at::Tensor Take(const std::string& name, at::IntArrayRef shape);
  // The shape of a tensor that must be there.
  at::IntArrayRef ShapeOf(const std::string& name) const;
  // Throws ERR_CHECKPOINT for the first tensor that nobody took.
  void ExpectNoMore() const;

 private:
  const at::Tensor& Find(const std::string& name) const;

  const NamedTensors& state_;
  const char* what_;
  std::set<std::string> taken_;
};

}  // namespace clmr

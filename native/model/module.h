#pragma once
// A part of a network: it lists its tensors once, each under its name in the state dict. Parameters, state,
// copies and loading follow from that list.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/named_tensors.h"

namespace clmr {

enum class Role {
  learned,     // the optimizer moves it
  statistics,  // running ones of batch norm, which move while a step computes
  kept,        // all else that is state
};

struct ModuleTensor {
  std::string name;
  at::Tensor* tensor;
  Role role;
};
using ModuleTensors = std::vector<ModuleTensor>;

// The tensors of a module that is part of another one.
ModuleTensors Under(const std::string& prefix, ModuleTensors tensors);
// The same, where no optimizer moves them.
ModuleTensors Frozen(ModuleTensors tensors);
void Append(ModuleTensors& all, ModuleTensors part);

class Module {
 public:
  virtual ~Module() = default;

  // All of them, in state-dict order.
  virtual ModuleTensors Tensors() = 0;

  NamedTensors Parameters() const;  // those that are learned, themselves
  NamedTensors State() const;       // copies of all, on the CPU
  int64_t Bytes() const;
  void RequireGrad(bool require);
  // All tensors from now on lie there; those that were elsewhere are shared with no other module.
  void To(c10::Device device);

  // Copies of `state` take the places of the tensors, shapes and device as they are. Throws ERR_CHECKPOINT,
  // which names what is missing, unknown or of the wrong shape; then nothing has changed.
  // what and lack: subject and verb of the message.
  void Load(const NamedTensors& state, const std::string& what, const char* lack = "lack");

 protected:
  void CopyTensors();     // from now on they are shared with no other module
  void CopyStatistics();  // the same of the running statistics

 private:
  ModuleTensors Listed() const;
};

// For modules that are values: a copy shares its tensors.
template <class Self>
class ModuleOf : public Module {
 public:
  Self Clone() const {
    Self copy = Same();
    copy.CopyTensors();
    return copy;
  }
  // The same weights with running statistics of its own.
  Self WithOwnStatistics() const {
    Self own = Same();
    own.CopyStatistics();
    return own;
  }

 private:
  const Self& Same() const { return static_cast<const Self&>(*this); }
};

}  // namespace clmr

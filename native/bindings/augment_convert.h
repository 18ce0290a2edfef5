#pragma once
// ChainSpec of binding.ts → C++, for the bindings that augment.
#include <napi.h>

#include "augment/chain.h"

namespace clmr::bindings {

ChainSpec ToChainSpec(Napi::Value value);

}  // namespace clmr::bindings

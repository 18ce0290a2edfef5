#pragma once
// The types that cross as handles: what messages call them, and their type in binding.ts.
#include "bindings/handle.h"

namespace clmr {

class CropSource;
class Encoder;
class Trainer;
class Probe;

namespace bindings {

template <class T>
struct HandleName;

template <>
struct HandleName<CropSource> {
  static constexpr const char *kName = "the crop source", *kType = "CropSourceHandle";
};
template <>
struct HandleName<Encoder> {
  static constexpr const char *kName = "Encoder", *kType = "EncoderHandle";
};
template <>
struct HandleName<Trainer> {
  static constexpr const char *kName = "the trainer", *kType = "TrainerHandle";
};
template <>
struct HandleName<Probe> {
  static constexpr const char *kName = "LinearProbe", *kType = "ProbeHandle";
};

// One of any of them.
template <class... T>
struct HandleTypes {
  static bool Dispose(Napi::Value js) { return (Handle<T>::Dispose(js) || ...); }
  // -1: none of them, 0: alive, 1: disposed
  static int State(Napi::Value js) {
    int state = -1;
    (void)((state = Handle<T>::State(js), state >= 0) || ...);
    return state;
  }
};
using AnyHandleType = HandleTypes<CropSource, Encoder, Trainer, Probe>;

}  // namespace bindings
}  // namespace clmr

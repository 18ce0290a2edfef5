// The list of handle types: one line each.
#include "bindings/exports.h"
#include "bindings/handle.h"

namespace clmr {
class CropSource;
class Encoder;
class Trainer;
class Probe;
}  // namespace clmr

namespace clmr::bindings {
namespace {

template <class... T>
struct HandleTypes {
  static bool Dispose(Napi::Value js) { return (Handle<T>::Dispose(js) || ...); }
  static int State(Napi::Value js) {
    int state = -1;
    (void)((state = Handle<T>::State(js), state >= 0) || ...);
    return state;
  }
};

using All = HandleTypes<CropSource, Encoder, Trainer, Probe>;

}  // namespace

bool DisposeAnyHandle(Napi::Value js) { return All::Dispose(js); }
int StateOfAnyHandle(Napi::Value js) { return All::State(js); }

}  // namespace clmr::bindings

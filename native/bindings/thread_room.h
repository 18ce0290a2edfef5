#pragma once

namespace clmr::bindings {

// OpenMP ends the whole process where it cannot start a thread. So a thread that is about to work with a team
// of `threads` tries first whether the system gives as many, once for each size.
// @throws Error ERR_THREAD
void CheckThreadRoom(int threads);

}  // namespace clmr::bindings

#pragma once

namespace clmr::memory {

// Makes libtorch keep the memory of its CPU tensors for the next step instead of giving it back to the kernel
// and faulting it in again, which is where plain eager steps spend most of their time (docs/memory.md).
// Affects the tensors of this process's libtorch only, not malloc. Blocks of 64 KiB and more are kept, up to
// a quarter of the machine's memory; CLMR_WORKSPACE_MB sets another limit, 0 turns it off.
void InstallWorkspaceAllocator();

}  // namespace clmr::memory

#include "fuzz/replay.hpp"

extern "C" int fuzz_policy(const std::uint8_t* data, std::size_t size);

// libFuzzer's, for the mutator. A replay changes nothing.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) { return size; }

TEST(fuzz_corpus, policy) { replay(fuzz_policy, "fuzz_policy"); }

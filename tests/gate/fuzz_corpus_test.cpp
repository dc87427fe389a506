#include "fuzz/replay.hpp"

extern "C" int fuzz_framing(const std::uint8_t* data, std::size_t size);

TEST(fuzz_corpus, framing) { replay(fuzz_framing, "fuzz_framing"); }

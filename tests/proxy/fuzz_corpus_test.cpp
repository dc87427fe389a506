#include "fuzz/replay.hpp"

extern "C" int fuzz_scram(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_startup(const std::uint8_t* data, std::size_t size);

TEST(fuzz_corpus, scram) { replay(fuzz_scram, "fuzz_scram"); }
TEST(fuzz_corpus, startup) { replay(fuzz_startup, "fuzz_startup"); }

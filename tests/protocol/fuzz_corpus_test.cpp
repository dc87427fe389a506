#include "fuzz/replay.hpp"

extern "C" int fuzz_backend(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_conversation(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_frontend(const std::uint8_t* data, std::size_t size);

TEST(fuzz_corpus, backend) { replay(fuzz_backend, "fuzz_backend"); }
TEST(fuzz_corpus, conversation) { replay(fuzz_conversation, "fuzz_conversation"); }
TEST(fuzz_corpus, frontend) { replay(fuzz_frontend, "fuzz_frontend"); }
